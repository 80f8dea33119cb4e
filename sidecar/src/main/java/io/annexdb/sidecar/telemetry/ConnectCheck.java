package io.annexdb.sidecar.telemetry;

/** What must hold before the stream goes on, in the order in which it is asked. */
public enum ConnectCheck {
    /** The server is a primary and its log is made for logical decoding. */
    SOURCE,
    /** Its version loses no changes of a publication that grows. */
    VERSION,
    /** Cluster, node group and database are those of the indexes. */
    IDENTITY,
    /**
     * Its timelines, with the positions at which each was left, begin with those of the indexes.
     */
    HISTORY,
    /** The indexes have nothing from behind the position at which their timeline was left. */
    SWITCH_POINT,
    /** The server's log reaches to where the indexes are. */
    LOG_END,
    /** The slot is there, of this database, decodes with pgoutput, and has lost nothing. */
    SLOT,
    /** The slot begins no later than the index files end. */
    SLOT_POSITION,
    /** The publication is the one that was there, with all its relations. */
    PUBLICATION,
    /** Each shard's relation has the file, the key and the columns that it had. */
    RELATION,
    /** The slot's decoder is PostgreSQL's own. */
    DECODER
}
