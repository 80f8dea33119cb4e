package io.annexdb.sidecar.telemetry;

/** The rungs of the recovery ladder, the cheapest first. */
public enum RecoveryDecision {
    /** The stream goes on; transactions that come twice are skipped. */
    SKIP_DUPLICATES,
    /** The indexes are ahead of a promoted server: their logs end at an earlier commit again. */
    OLDER_SNAPSHOT,
    /** There was a gap, or a damaged file: rows are compared with the table, and few change. */
    RECONCILE,
    /** Nothing is left to compare with: the shard is filled from its table. */
    REBUILD
}
