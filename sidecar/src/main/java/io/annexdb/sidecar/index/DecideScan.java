package io.annexdb.sidecar.index;

import io.annexdb.sidecar.segment.Codes;
import io.annexdb.sidecar.segment.Segment;
import io.annexdb.sidecar.segment.SlotList;

import org.jspecify.annotations.Nullable;

/**
 * Whether searches of one generation would be exact scans whatever the query, so that one scan can
 * serve several. It decides as {@link ShardSearch} does for one.
 */
final class DecideScan {
    private final Generation generation;
    private final Segment segment;
    private final int k;
    private final int ef;

    DecideScan(Generation generation, int k, int efSearch) {
        this.generation = generation;
        this.segment = generation.segment;
        this.k = k;
        this.ef = ShardSearch.candidates(segment.vectors(), efSearch, k);
    }

    /** For all rows, or those of a namespace. */
    boolean ofAll(@Nullable SlotList list, int namespaceScanMax) {
        if (generation.linking.linked() == 0) {
            return true;
        }
        if (list != null) {
            return list.live() <= Math.max(namespaceScanMax, ef);
        }
        return !generation.isFlat()
                && (long) ef * ShardSearch.VISITS_PER_CANDIDATE >= segment.slots();
    }

    /** For so many rows that match a filter. */
    boolean ofMatching(int rows) {
        return generation.linking.linked() == 0 || rows <= ef || isCheapest(rows);
    }

    private boolean isCheapest(int rows) {
        if (generation.lists() != null) {
            return false;
        }
        Codes codes = segment.enterCodes();
        try {
            EstimateCost cost = new EstimateCost(segment.vectors(), codes);
            double scan = cost.scan(rows);
            double share = (double) rows / Math.max(rows, segment.live());
            return scan <= cost.codes(rows, FindCandidates.rescored(segment, ef, k))
                    && (generation.isFlat() || scan <= cost.walk(ef, share));
        } finally {
            if (codes != null) {
                codes.exit();
            }
        }
    }
}
