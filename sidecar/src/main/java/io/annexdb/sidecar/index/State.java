package io.annexdb.sidecar.index;

/** Whether a shard's index may answer. */
public enum State {
    /** The first copy of the table is still running; answers would miss rows. */
    LOADING,
    /** Holds every row of the shard up to its position. */
    READY,
    /** Given up until it is dropped and built again; the reason is in {@link ShardStatus}. */
    FAILED
}
