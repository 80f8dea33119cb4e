package io.annexdb.sidecar.index;

import io.annexdb.sidecar.memory.Slab;
import io.annexdb.sidecar.segment.Codes;
import io.annexdb.sidecar.segment.VectorStore;

import org.jspecify.annotations.Nullable;

/** What the ways to search are likely to take, in nanoseconds: so that the cheapest is taken. */
final class EstimateCost {
    /**
     * Most of it is to fetch what lies here and there: 14 ns for a code of 64 bytes and 85 for one
     * of 448, 115 for a vector of 1,536 bytes and 200 for one of 4,096, on AMD Zen 4 with two
     * cores, of millions of rows.
     */
    private static final double VECTOR = 25;

    private static final double VECTOR_LINE = 3.5;
    private static final double CODE = 5;
    private static final double CODE_LINE = 10;
    private static final double VISIT = 50;
    private static final double PREPARE = 2_000;

    /**
     * Nodes that a walk looks at for each candidate, of those that pass the filter. Measured are
     * half as many: but a scan finds more with as many candidates, wherever the rows lie that
     * match.
     */
    private static final int VISITS_PER_CANDIDATE = 16;

    /** Candidates in a walk's pool for each that may be answered, at most. */
    private static final double POOL = 4;

    private final double vector;
    private final double code;
    private final double visit;

    /**
     * @param codes null where there are none
     */
    EstimateCost(VectorStore vectors, @Nullable Codes codes) {
        vector = VECTOR + VECTOR_LINE * lines(vectors.strideBytes());
        code =
                codes == null
                        ? Double.POSITIVE_INFINITY
                        : CODE + CODE_LINE * lines(codes.strideBytes());
        visit = VISIT + Math.min(vector, code);
    }

    private static double lines(long bytes) {
        return (double) Slab.cacheLines(bytes) / Slab.CACHE_LINE;
    }

    /** An exact scan. */
    double scan(long rows) {
        return rows * vector;
    }

    /** A scan of codes, whose nearest are scored by their vectors. */
    double codes(long rows, int candidates) {
        return PREPARE + rows * code + candidates * vector;
    }

    /**
     * A walk through the graph, which meets rows that match as often as they are among all.
     *
     * @param share of the rows that match
     */
    double walk(int ef, double share) {
        return ef * VISITS_PER_CANDIDATE / share * visit;
    }

    /**
     * Candidates to walk with, so that about as many of them match as would be without a filter.
     *
     * @param share of the rows that match
     */
    static int candidates(int ef, double share) {
        return (int) Math.min(Integer.MAX_VALUE / (2 * POOL), ef * Math.max(1, 1 / (POOL * share)));
    }

    /** Visits of the graph in that time. */
    int visits(double nanos) {
        return (int) Math.min(Integer.MAX_VALUE, nanos / visit);
    }
}
