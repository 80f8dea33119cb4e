package io.annexdb.sidecar.query;

import org.jspecify.annotations.Nullable;

import java.time.Duration;

/**
 * What is searched for. A class because of the array, which nobody changes after it is handed in.
 */
public final class SearchRequest {
    private final long indexId;
    private final float[] vector;
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
     * @param vector the query, of the index's dimension
     * @param k rows wanted, 1 to 100,000
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
            float[] vector,
            int k,
            int efSearch,
            @Nullable String namespace,
            double maxDistance,
            Consistency consistency,
            Duration staleness,
            Duration timeout,
            @Nullable RequestedFilter filter) {
        this.indexId = indexId;
        this.vector = vector;
        this.k = k;
        this.efSearch = efSearch;
        this.namespace = namespace;
        this.maxDistance = maxDistance;
        this.consistency = consistency;
        this.staleness = staleness;
        this.timeout = timeout;
        this.filter = filter;
    }

    /** One without a filter. */
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
                vector,
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

    /** The query itself, not a copy. */
    public float[] vector() {
        return vector;
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
