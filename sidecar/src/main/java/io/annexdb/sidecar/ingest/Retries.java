package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.model.ShardKey;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * When shards that failed are tried again: after a second, and after each further failure twice as
 * long, up to a minute. A shard that has served for ten minutes since begins anew. Failures come
 * from any thread.
 */
final class Retries {
    static final Duration PAUSE_MIN = Duration.ofSeconds(1);
    static final Duration PAUSE_MAX = Duration.ofSeconds(60);
    private static final long FORGOTTEN_NANOS = TimeUnit.MINUTES.toNanos(10);

    private record Failure(long nanos, Duration pause) {}

    private final Map<ShardKey, Failure> failures = new ConcurrentHashMap<>();

    /** The shard has failed; says how long it rests. */
    Duration failed(ShardKey shard) {
        Failure before = failures.get(shard);
        return rests(shard, before == null ? PAUSE_MIN : before.pause.multipliedBy(2));
    }

    /** As the other, of what no second attempt will cure: it rests as long as any. */
    Duration failedForLong(ShardKey shard) {
        return rests(shard, PAUSE_MAX);
    }

    private Duration rests(ShardKey shard, Duration wanted) {
        Duration pause = wanted.compareTo(PAUSE_MAX) > 0 ? PAUSE_MAX : wanted;
        failures.put(shard, new Failure(System.nanoTime(), pause));
        return pause;
    }

    /** Whether a failed shard has rested. */
    boolean isDue(ShardKey shard) {
        Failure last = failures.get(shard);
        return last == null || age(last) >= last.pause.toNanos();
    }

    /** The shard serves now. */
    void serves(ShardKey shard) {
        Failure last = failures.get(shard);
        if (last != null && age(last) > FORGOTTEN_NANOS) {
            failures.remove(shard);
        }
    }

    void forget(ShardKey shard) {
        failures.remove(shard);
    }

    private static long age(Failure failure) {
        return System.nanoTime() - failure.nanos;
    }
}
