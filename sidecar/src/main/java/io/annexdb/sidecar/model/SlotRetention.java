package io.annexdb.sidecar.model;

/**
 * How much write-ahead log a server keeps for the sidecar's slot.
 *
 * @param retainedBytes log from the oldest record that the slot needs to the newest; -1 when there
 *     is no slot, or it was lost
 * @param safeBytes log that may yet be written before the slot can be lost; -1 without a limit
 * @param limitBytes the server's max_slot_wal_keep_size; -1 for none
 * @param walStatus what the server calls it: reserved, extended, unreserved or lost; empty when
 *     there is no slot
 */
public record SlotRetention(long retainedBytes, long safeBytes, long limitBytes, String walStatus) {
    /** Before the server was asked, and while there is no slot. */
    public static final SlotRetention NONE = new SlotRetention(-1, -1, -1, "");
}
