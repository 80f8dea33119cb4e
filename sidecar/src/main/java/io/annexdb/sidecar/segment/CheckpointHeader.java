package io.annexdb.sidecar.segment;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * How every checkpoint begins: what it is, and the rows it was written over. Slots mean the same
 * rows only where the log has the same records up to the position, and as many truncations.
 *
 * <pre>
 * long magic, int version, int slots, long fingerprint, long log number, long truncations,
 * long position in the log, long chain there
 * </pre>
 *
 * @param fingerprint of the definition
 * @param logNumber number of the log whose replay gives these slots
 * @param truncations records in that log after which slots were numbered anew
 * @param position up to which the log must be the same
 * @param slots that are covered, numbered below this
 */
public record CheckpointHeader(
        long fingerprint, long logNumber, long truncations, LogPosition position, int slots) {
    private static final int BYTES = 56;

    /**
     * A kind of checkpoint.
     *
     * @param name for messages, with its article
     */
    public record Kind(long magic, int version, String name) {}

    /** Writes it; a checksum is to follow. */
    public void write(Kind kind, ChecksummedFile file) throws IOException {
        ByteBuffer bytes = ChecksummedFile.buffer(BYTES);
        bytes.putLong(kind.magic()).putInt(kind.version()).putInt(slots).putLong(fingerprint);
        bytes.putLong(logNumber).putLong(truncations);
        bytes.putLong(position.bytes()).putLong(position.chain());
        file.write(bytes.flip());
    }

    /**
     * Reads it; not to be relied on before a checksum behind it was checked.
     *
     * @throws IOException if the file is of another kind or version
     */
    public static CheckpointHeader read(Kind kind, ChecksummedFile file) throws IOException {
        ByteBuffer bytes = file.read(BYTES);
        long magic = bytes.getLong();
        int version = bytes.getInt();
        if (magic != kind.magic() || version != kind.version()) {
            throw new IOException("it is not " + kind.name() + " of version " + kind.version());
        }
        int slots = bytes.getInt();
        if (slots < 0 || slots > Segment.SLOTS_MAX) {
            throw new IOException("it says " + slots + " slots");
        }
        return new CheckpointHeader(
                bytes.getLong(),
                bytes.getLong(),
                bytes.getLong(),
                new LogPosition(bytes.getLong(), bytes.getLong()),
                slots);
    }
}
