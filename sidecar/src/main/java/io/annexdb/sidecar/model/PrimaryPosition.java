package io.annexdb.sidecar.model;

/** Reads how far the primary of this sidecar's group has flushed its write-ahead log. */
@FunctionalInterface
public interface PrimaryPosition {
    /**
     * The flush position, read after the call: every commit that was acknowledged before it lies at
     * or before this position. Blocks for one round trip; never longer than a few seconds.
     *
     * @throws AnnexException {@link ErrorCode#NOT_SERVABLE} if the primary cannot be read
     */
    Lsn flushLsn();
}
