package io.annexdb.benchmarks.stream;

import java.util.List;

/**
 * What a stream has shown.
 *
 * @param dataset name of the data set
 * @param dimension components of a vector
 * @param plan what was streamed
 * @param rows rows streamed
 * @param seconds that took
 * @param alone searches before the stream
 * @param beside searches beside the stream
 * @param visible times until a committed row was found
 * @param lost rows that were not found within ten seconds
 * @param samples the index once a second
 * @param drainSeconds from the end of the stream until every row was linked
 */
record StreamReport(
        String dataset,
        int dimension,
        StreamPlan plan,
        long rows,
        double seconds,
        Searches alone,
        Searches beside,
        Nanos visible,
        int lost,
        List<WatchIndex.Sample> samples,
        double drainSeconds) {
    StreamReport {
        samples = List.copyOf(samples);
    }

    /** Searches of one thread in some time. */
    record Searches(double seconds, int count, double p50Millis, double p99Millis) {
        static Searches of(double seconds, Nanos nanos) {
            return new Searches(seconds, nanos.count(), nanos.millis(0.5), nanos.millis(0.99));
        }

        double perSecond() {
            return count / seconds;
        }
    }

    double rowsPerSecond() {
        return rows / seconds;
    }

    long freshMost() {
        return samples.stream().mapToLong(WatchIndex.Sample::fresh).max().orElse(0);
    }

    /** Mean of the fresh rows in one of four equal parts of the stream, 0 to 3. */
    double freshMean(int quarter) {
        int from = samples.size() * quarter / 4;
        int to = samples.size() * (quarter + 1) / 4;
        return samples.subList(from, to).stream()
                .mapToLong(WatchIndex.Sample::fresh)
                .average()
                .orElse(0);
    }

    /**
     * Growth of the fresh buffer over the second half of the stream, in rows a second: the slope of
     * the line with the least squares.
     */
    double freshGrowth() {
        List<WatchIndex.Sample> half = samples.subList(samples.size() / 2, samples.size());
        double meanTime = half.stream().mapToDouble(WatchIndex.Sample::seconds).average().orElse(0);
        double meanFresh = half.stream().mapToLong(WatchIndex.Sample::fresh).average().orElse(0);
        double products = 0;
        double squares = 0;
        for (WatchIndex.Sample sample : half) {
            double time = sample.seconds() - meanTime;
            products += time * (sample.fresh() - meanFresh);
            squares += time * time;
        }
        return squares == 0 ? 0 : products / squares;
    }
}
