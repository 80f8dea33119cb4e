package io.annexdb.sidecar.model;

import org.jspecify.annotations.Nullable;

/**
 * How the sidecar follows its server, at one moment.
 *
 * @param streaming whether changes are coming in; false while connecting or when given up
 * @param slot name of the replication slot
 * @param flushed the newest flush position of the primary that this sidecar has heard of
 * @param error why it does not stream, for people; null while it does
 * @param lagSeconds how long ago the newest commit was made that does not wait to be applied; 0
 *     when none waits
 * @param retention log that the server keeps for the slot
 */
public record StreamState(
        boolean streaming,
        String slot,
        Lsn flushed,
        @Nullable String error,
        double lagSeconds,
        SlotRetention retention) {
    /** Of a stream that is not late, and of whose slot nothing is known. */
    public StreamState(boolean streaming, String slot, Lsn flushed, @Nullable String error) {
        this(streaming, slot, flushed, error, 0, SlotRetention.NONE);
    }
}
