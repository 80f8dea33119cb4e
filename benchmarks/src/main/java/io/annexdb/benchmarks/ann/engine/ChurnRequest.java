package io.annexdb.benchmarks.ann.engine;

/**
 * Replaces every row.
 *
 * @param times how often
 * @param seed of the order
 * @param threads that look for the rows afterwards
 */
public record ChurnRequest(int times, long seed, int threads) {
    Message encode() {
        return Message.of("churn").with("times", times).with("seed", seed).with("threads", threads);
    }

    static ChurnRequest decode(Message message) {
        return new ChurnRequest(
                message.integer("times"), message.wide("seed"), message.integer("threads"));
    }
}
