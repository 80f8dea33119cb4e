package io.annexdb.sidecar.query;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.util.List;

/**
 * What is searched for, by one vector or by several of one batch. A class because of the arrays,
 * which nobody changes after they are handed in.
 */
public final class SearchRequest {
    private final long indexId;
    private final List<float[]> vectors;
    private final int k;
    private final int efSearch;
    private final @Nullable String namespace;
    private final double maxDistance;
    private final Consistency consistency;
    private final Duration staleness;
    private final Duration timeout;
    private final @Nullable RequestedFilter filter;

    /**
     * Takes the values as they are; {@link CheckRequest} judges them.
     *
     * @param indexId the catalog's number of the index
     * @param vectors the queries, each of the index's dimension, 1 to 1,000
     * @param k rows wanted for each, 1 to 100,000, and as many for all together
     * @param efSearch candidates kept by a graph search, 1 to 100,000
     * @param namespace only rows of this namespace; null for all
     * @param maxDistance only rows at most this far; positive infinity for all
     * @param consistency what the search must have seen
     * @param staleness how old the answer may be under BOUNDED; without meaning otherwise
     * @param timeout for waiting and searching together
     * @param filter only rows that match; null for all
     */
    public SearchRequest(
            long indexId,
            List<float[]> vectors,
            int k,
            int efSearch,
            @Nullable String namespace,
            double maxDistance,
            Consistency consistency,
            Duration staleness,
            Duration timeout,
            @Nullable RequestedFilter filter) {
        this.indexId = indexId;
        this.vectors = List.copyOf(vectors);
        this.k = k;
        this.efSearch = efSearch;
        this.namespace = namespace;
        this.maxDistance = maxDistance;
        this.consistency = consistency;
        this.staleness = staleness;
        this.timeout = timeout;
        this.filter = filter;
    }

    /** One query without a filter. */
    public SearchRequest(
            long indexId,
            float[] vector,
            int k,
            int efSearch,
            @Nullable String namespace,
            double maxDistance,
            Consistency consistency,
            Duration staleness,
            Duration timeout) {
        this(
                indexId,
                List.of(vector),
                k,
                efSearch,
                namespace,
                maxDistance,
                consistency,
                staleness,
                timeout,
                null);
    }

    public long indexId() {
        return indexId;
    }

    /** The queries themselves, not copies. */
    public List<float[]> vectors() {
        return vectors;
    }

    public int k() {
        return k;
    }

    public int efSearch() {
        return efSearch;
    }

    public @Nullable String namespace() {
        return namespace;
    }

    public double maxDistance() {
        return maxDistance;
    }

    public Consistency consistency() {
        return consistency;
    }

    public Duration staleness() {
        return staleness;
    }

    public Duration timeout() {
        return timeout;
    }

    public @Nullable RequestedFilter filter() {
        return filter;
    }
}
