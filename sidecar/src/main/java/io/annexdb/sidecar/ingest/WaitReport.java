package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.replication.SlotWait;
import io.annexdb.sidecar.replication.SqlSession;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Says what a slot's creation waits for, in the log each 5 s and in the status of the indexes that
 * wait: an orphaned prepared transaction would be waited for without end and without a word.
 */
final class WaitReport {
    private static final Logger LOG = LoggerFactory.getLogger(WaitReport.class);
    private static final long LOG_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final SlowJobs jobs;
    private final SqlSession sql;
    private volatile Map<Long, String> messages = Map.of();
    private int processId;
    private long loggedNanos;

    WaitReport(SlowJobs jobs, SqlSession sql) {
        this.jobs = jobs;
        this.sql = sql;
    }

    /** For each index that waits, what for. */
    Map<Long, String> messages() {
        return messages;
    }

    /** Looks again; called with each audit. */
    void update() {
        Optional<SlowJob> job = jobs.current();
        int now = job.map(SlowJob::slotProcessId).orElse(0);
        if (job.isEmpty() || now == 0) {
            processId = 0;
            messages = Map.of();
            return;
        }
        List<String> blockers = sql.ask(connection -> SlotWait.blockers(connection, now));
        String message = job.get().subject() + " waits for " + String.join(", ", blockers);
        Map<Long, String> next = new HashMap<>();
        if (!blockers.isEmpty()) {
            job.get().indexes().forEach(index -> next.put(index, message));
        }
        messages = Map.copyOf(next);
        log(now, blockers.isEmpty() ? job.get().subject() + " waits for a slot" : message);
    }

    private void log(int now, String message) {
        if (now != processId) {
            processId = now;
            loggedNanos = System.nanoTime();
        } else if (System.nanoTime() - loggedNanos > LOG_NANOS) {
            loggedNanos = System.nanoTime();
            LOG.warn("{}", message);
        }
    }
}
