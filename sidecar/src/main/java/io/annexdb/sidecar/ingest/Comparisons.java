package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.model.CompareIndex;
import io.annexdb.sidecar.model.ComparisonProgress;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;

/**
 * The comparisons that run or have ended a moment ago, by the names that were given to them. A
 * request that is sent again after a broken connection finds the one that it began.
 */
final class Comparisons implements CompareIndex, AutoCloseable {
    private final BiFunction<Long, Boolean, Comparison> begin;
    private final Map<String, Comparison> jobs = new HashMap<>();

    /** The function prepares a comparison of an index, with repair or without. */
    Comparisons(BiFunction<Long, Boolean, Comparison> begin) {
        this.begin = begin;
    }

    @Override
    public ComparisonProgress ask(String job, long indexId, boolean repair, Duration patience) {
        return find(job, indexId, repair).ask(patience);
    }

    private Comparison find(String job, long indexId, boolean repair) {
        Comparison known = known(job);
        // Prepared without the lock, for which the audit waits in between.
        return known != null ? known : started(job, begin.apply(indexId, repair));
    }

    private synchronized @Nullable Comparison known(String job) {
        return jobs.get(job);
    }

    private synchronized Comparison started(String job, Comparison prepared) {
        Comparison other = jobs.putIfAbsent(job, prepared);
        if (other != null) {
            return other;
        }
        prepared.start();
        return prepared;
    }

    /** Those that run. */
    synchronized List<Comparison> running() {
        return jobs.values().stream().filter(each -> !each.hasEnded()).toList();
    }

    /** Ends those that nobody asks for any more; called with each audit. */
    void endForgotten() {
        running().stream().filter(Comparison::isForgotten).forEach(Comparison::stop);
        synchronized (this) {
            jobs.values().removeIf(each -> each.hasEnded() && each.isForgotten());
        }
    }

    @Override
    public synchronized void close() {
        jobs.values().forEach(Comparison::stop);
    }
}
