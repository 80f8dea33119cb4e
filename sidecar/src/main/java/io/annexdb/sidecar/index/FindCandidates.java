package io.annexdb.sidecar.index;

import io.annexdb.sidecar.flat.CodeScan;
import io.annexdb.sidecar.flat.Rescore;
import io.annexdb.sidecar.flat.Scan;
import io.annexdb.sidecar.flat.TopCollector;
import io.annexdb.sidecar.hnsw.CandidatePool;
import io.annexdb.sidecar.hnsw.CodeScorer;
import io.annexdb.sidecar.hnsw.GraphSearch;
import io.annexdb.sidecar.hnsw.Scorer;
import io.annexdb.sidecar.hnsw.Scratch;
import io.annexdb.sidecar.hnsw.SlotFilter;
import io.annexdb.sidecar.hnsw.VectorScorer;
import io.annexdb.sidecar.ivfpq.Lists;
import io.annexdb.sidecar.ivfpq.SearchLists;
import io.annexdb.sidecar.segment.Codes;
import io.annexdb.sidecar.segment.Segment;

import org.jspecify.annotations.Nullable;

import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * The approximate part of a search in one generation, among the rows that are linked or encoded.
 *
 * @param scratch has the query
 * @param query address of the padded query
 * @param scale of the query
 * @param k number of rows that are wanted
 * @param cancelled asked now and then
 */
record FindCandidates(
        Generation generation,
        Scratch scratch,
        long query,
        float scale,
        int k,
        BooleanSupplier cancelled) {
    /** A scan of codes leaves at least so many candidates for each row that is wanted. */
    private static final long CANDIDATES_PER_ROW = 4;

    /** A scan of codes goes through so many in the time of one scattered vector. */
    private static final int CODES_PER_SCAN_ROW = 16;

    /** How many of the rows found by codes are scored by their vectors. */
    static int rescored(Segment segment, int ef, int k) {
        return (int) Math.min(segment.slots(), Math.max(ef, CANDIDATES_PER_ROW * k));
    }

    /**
     * Searches the lists, or the graph, or scans codes: what costs least.
     *
     * @param filter rows that may be answered
     * @param rows how many they are
     * @param linked slots below this have codes, if there are any
     * @return false when it is, or was, dearer than an exact scan
     */
    boolean run(
            int ef,
            @Nullable SlotFilter filter,
            int rows,
            int linked,
            Consumer<CodeScan> codeScan,
            TopCollector top) {
        double share = (double) rows / Math.max(rows, segment().live());
        Lists lists = generation.enterLists();
        if (lists != null) {
            try {
                return lists(lists, ef, filter, share, rows, top);
            } finally {
                lists.gate().exit();
            }
        }
        Codes codes = segment().enterCodes();
        try {
            EstimateCost cost = new EstimateCost(segment().vectors(), codes);
            double scan = cost.scan(rows);
            int candidates = rescored(segment(), ef, k);
            double byCodes = cost.codes(rows, candidates);
            double least = Math.min(scan, byCodes);
            int walked = EstimateCost.candidates(ef, share);
            if (!generation.isFlat()
                    && cost.walk(ef, share) < least
                    && graph(codes, walked, filter, cost.visits(least), top)
                    && top.finish() >= Math.min(k, rows)) {
                return true;
            }
            if (codes == null || scan <= byCodes) {
                return false;
            }
            codes(codes, candidates, linked, codeScan, top);
            return true;
        } finally {
            if (codes != null) {
                codes.exit();
            }
        }
    }

    /** Scores by their vectors the slots whose codes are the nearest. */
    private void codes(
            Codes codes,
            int candidates,
            int linked,
            Consumer<CodeScan> codeScan,
            TopCollector top) {
        CodeScorer scorer = new CodeScorer(codes, query, scale, scratch);
        TopCollector best = new TopCollector(candidates, 0f);
        codeScan.accept(
                new CodeScan(
                        segment(), scorer::score, scorer::scoreInOrder, linked, best, cancelled));
        int n = Math.min(candidates, best.finish());
        int[] slots = new int[n];
        float[] estimates = new float[n];
        for (int i = 0; i < n; i++) {
            slots[i] = best.slot(i);
            estimates[i] = best.distance(i);
        }
        rescore(slots, estimates, n, top);
    }

    /** With a filter more lists, so that as many rows that pass it are looked at as without. */
    private boolean lists(
            Lists lists,
            int ef,
            @Nullable SlotFilter filter,
            double share,
            int scanRows,
            TopCollector top) {
        int count = lists.model().coarse().count();
        double wanted = generation.listSettings.probes(count, ef) / Math.min(1, share);
        int probes = (int) Math.min(count, Math.ceil(wanted));
        double codes = (double) probes / count * segment().slots();
        if (codes > (double) scanRows * CODES_PER_SCAN_ROW) {
            return false;
        }
        int[] found =
                SearchLists.run(
                        lists,
                        query,
                        scale,
                        ef,
                        probes,
                        filter == null ? null : filter::accepts,
                        () -> Scan.checkCancelled(cancelled));
        scan(top).these(found, found.length);
        return true;
    }

    /** False when it was dearer than the scan would be. */
    private boolean graph(
            @Nullable Codes codes,
            int ef,
            @Nullable SlotFilter filter,
            int visitsMax,
            TopCollector top) {
        if (codes == null) {
            boolean whole =
                    walk(
                            new VectorScorer(segment().vectors(), query, scale),
                            ef,
                            filter,
                            visitsMax);
            CandidatePool pool = scratch.pool();
            for (int i = 0; i < pool.size(); i++) {
                if (pool.isAnswer(i)) {
                    top.add(pool.distance(i), pool.slot(i));
                }
            }
            return whole;
        }
        boolean whole = walk(new CodeScorer(codes, query, scale, scratch), ef, filter, visitsMax);
        if (whole) {
            rerank(top);
        }
        return whole;
    }

    private boolean walk(Scorer scorer, int ef, @Nullable SlotFilter filter, int visitsMax) {
        return GraphSearch.search(
                generation.graph,
                scorer,
                ef,
                filter,
                scratch,
                scored -> {
                    Scan.checkCancelled(cancelled);
                    return scored > visitsMax;
                });
    }

    /** Candidates found by estimates are scored by their vectors. */
    private void rerank(TopCollector top) {
        CandidatePool pool = scratch.pool();
        int[] slots = new int[pool.size()];
        float[] estimates = new float[pool.size()];
        int n = 0;
        for (int i = 0; i < pool.size(); i++) {
            if (pool.isAnswer(i)) {
                slots[n] = pool.slot(i);
                estimates[n++] = pool.distance(i);
            }
        }
        rescore(slots, estimates, n, top);
    }

    private void rescore(int[] slots, float[] estimates, int n, TopCollector top) {
        segment().vectors().touch(Rescore.run(scan(top), slots, estimates, n, k));
    }

    private Scan scan(TopCollector top) {
        return new Scan(segment(), query, scale, top, cancelled);
    }

    private Segment segment() {
        return generation.segment;
    }
}
