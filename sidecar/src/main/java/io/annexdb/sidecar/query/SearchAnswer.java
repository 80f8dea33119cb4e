package io.annexdb.sidecar.query;

import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.Neighbor;

import java.util.List;

/**
 * What was found, and how.
 *
 * @param found for each query its neighbours, nearest first, ties by key
 * @param applied position applied when the search began
 * @param waitedFor position that the consistency asked for; {@link Lsn#ZERO} when it asked for none
 * @param shards number of shards searched
 * @param waitMicros time until that position was known and applied
 * @param searchMicros time inside the indexes
 */
public record SearchAnswer(
        List<List<Neighbor>> found,
        Lsn applied,
        Lsn waitedFor,
        int shards,
        long waitMicros,
        long searchMicros) {
    /** The neighbours of the first query, which mostly is the only one. */
    public List<Neighbor> neighbors() {
        return found.getFirst();
    }
}
