package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.model.IndexActivity;
import io.annexdb.sidecar.replication.SlotWait;
import io.annexdb.sidecar.replication.SqlSession;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Says what a slot's creation waits for, in the log each 5 s and in the status of the indexes that
 * wait: an orphaned prepared transaction would be waited for without end and without a word.
 */
final class WaitReport {
    private static final Logger LOG = LoggerFactory.getLogger(WaitReport.class);
    private static final long LOG_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final SlowJobs jobs;
    private final Comparisons comparisons;
    private final SqlSession sql;
    private volatile Map<Long, String> messages = Map.of();

    /** By process that waits, when that was logged. */
    private final Map<Integer, Long> loggedNanos = new HashMap<>();

    WaitReport(SlowJobs jobs, Comparisons comparisons, SqlSession sql) {
        this.jobs = jobs;
        this.comparisons = comparisons;
        this.sql = sql;
    }

    /** For each index that something is done for, what. */
    Map<Long, IndexActivity> activities() {
        Map<Long, IndexActivity> activities = new HashMap<>();
        for (Comparison comparison : comparisons.running()) {
            activities.put(comparison.indexId(), comparison.activity());
        }
        Map<Long, String> waiting = messages;
        jobs.current()
                .ifPresent(job -> {
                    for (long index : job.indexes()) {
                        activities.put(index, job.activity(index, waiting.get(index)));
                    }
                });
        return activities;
    }

    /** Looks again; called with each audit. */
    void update() {
        Map<Long, String> next = new HashMap<>();
        Set<Integer> waiting = new HashSet<>();
        jobs.current()
                .ifPresent(job -> {
                    String message = look(job.slotProcessId(), job.subject(), waiting);
                    if (message != null) {
                        job.indexes().forEach(index -> next.put(index, message));
                    }
                });
        for (Comparison comparison : comparisons.running()) {
            CompareTable table = comparison.current();
            if (table != null) {
                comparison.waitsFor(look(table.slotProcessId(), table.subject(), waiting));
            }
        }
        messages = Map.copyOf(next);
        loggedNanos.keySet().retainAll(waiting);
    }

    /** What a process that makes a slot waits for, or null. */
    private @Nullable String look(int processId, String subject, Set<Integer> waiting) {
        if (processId == 0) {
            return null;
        }
        waiting.add(processId);
        List<String> blockers = sql.ask(connection -> SlotWait.blockers(connection, processId));
        String message = subject + " waits for " + String.join(", ", blockers);
        log(processId, blockers.isEmpty() ? subject + " waits for a slot" : message);
        return blockers.isEmpty() ? null : message;
    }

    private void log(int processId, String message) {
        long now = System.nanoTime();
        Long before = loggedNanos.putIfAbsent(processId, now);
        if (before != null && now - before > LOG_NANOS) {
            loggedNanos.put(processId, now);
            LOG.warn("{}", message);
        }
    }
}
