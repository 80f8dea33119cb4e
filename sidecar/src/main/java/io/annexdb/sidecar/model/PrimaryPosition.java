package io.annexdb.sidecar.model;

/** Says how far the primary's log is safely written: what a search with strong consistency awaits. */
public interface PrimaryPosition {
    /**
     * The flush position, read after this call began. Every commit that was acknowledged before the
     * call (unless synchronous_commit is off) lies before it.
     *
     * @throws AnnexException {@link ErrorCode#NOT_SERVABLE} when the primary cannot be asked
     */
    Lsn flushLsn();
}
