package io.annexdb.sidecar.model;

import java.util.Comparator;

/**
 * One row of an answer.
 *
 * @param key the row
 * @param distance in the metric's unit, computed in double precision from the stored floats
 * @param vectorHash PostgreSQL's {@code hash_array_extended(vector, 0)} of the indexed vector, by
 *     which the fetch recognises a row whose vector has changed since
 */
public record Neighbor(RowKey key, double distance, long vectorHash) {
    /** Nearest first; ties by key. */
    public static final Comparator<Neighbor> ORDER =
            Comparator.comparingDouble(Neighbor::distance).thenComparing(Neighbor::key);
}
