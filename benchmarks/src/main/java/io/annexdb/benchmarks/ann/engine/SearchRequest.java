package io.annexdb.benchmarks.ann.engine;

/**
 * One measurement: all queries, again and again until the time is up, at least once.
 *
 * @param k neighbours asked for
 * @param ef candidates kept by the graph search
 * @param threads searching threads
 * @param minMillis time to go on for, at least
 * @param writerRowsPerSecond rows replaced beside; 0 for none
 */
public record SearchRequest(int k, int ef, int threads, int minMillis, int writerRowsPerSecond) {
    Message encode() {
        return Message.of("search")
                .with("k", k)
                .with("ef", ef)
                .with("threads", threads)
                .with("min_millis", minMillis)
                .with("writer_rows_per_second", writerRowsPerSecond);
    }

    static SearchRequest decode(Message message) {
        return new SearchRequest(
                message.integer("k"),
                message.integer("ef"),
                message.integer("threads"),
                message.integer("min_millis"),
                message.integer("writer_rows_per_second"));
    }
}
