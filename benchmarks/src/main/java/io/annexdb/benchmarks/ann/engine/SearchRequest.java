package io.annexdb.benchmarks.ann.engine;

/**
 * One measurement: all queries, again and again until the time is up, at least once.
 *
 * @param k neighbours asked for
 * @param ef candidates kept by the graph search
 * @param threads searching threads
 * @param minMillis time to go on for, at least
 */
public record SearchRequest(int k, int ef, int threads, int minMillis) {
    Message encode() {
        return Message.of("search")
                .with("k", k)
                .with("ef", ef)
                .with("threads", threads)
                .with("min_millis", minMillis);
    }

    static SearchRequest decode(Message message) {
        return new SearchRequest(
                message.integer("k"),
                message.integer("ef"),
                message.integer("threads"),
                message.integer("min_millis"));
    }
}
