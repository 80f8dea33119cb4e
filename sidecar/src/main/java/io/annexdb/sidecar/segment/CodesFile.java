package io.annexdb.sidecar.segment;

import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.memory.SyncedCopy;
import io.annexdb.sidecar.quantization.Quantizer;
import io.annexdb.sidecar.quantization.QuantizerBytes;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * Codes on disk, with the quantizer that was trained for them, so that a restart neither trains nor
 * encodes. Derived data: a file that does not fit or is damaged is left aside. Little-endian:
 *
 * <pre>
 * header:  {@link CheckpointHeader}, then double training error, long stride, int bytes of the
 *          quantizer; int CRC32C
 * then:    the quantizer, as {@link QuantizerBytes} has it; int CRC32C
 * blocks:  codes by slot, in blocks of at most 1 MiB, each followed by an int CRC32C
 * </pre>
 *
 * Every CRC32C covers all before it. Version 1 is the only one so far.
 */
public final class CodesFile {
    private static final CheckpointHeader.Kind KIND =
            new CheckpointHeader.Kind(0x444F4358454E4E41L, 1, "a file of codes");

    private static final int FORM_BYTES = 20;
    private static final int QUANTIZER_BYTES_MOST = 256 << 20;

    /** What stands before the quantizer. */
    private record Form(CheckpointHeader header, double error, long stride, int quantizerBytes) {
        static Form read(ChecksummedFile file) throws IOException {
            CheckpointHeader header = CheckpointHeader.read(KIND, file);
            ByteBuffer form = file.read(FORM_BYTES);
            file.check();
            double error = form.getDouble();
            long stride = form.getLong();
            int quantizerBytes = form.getInt();
            if (quantizerBytes < 0 || quantizerBytes > QUANTIZER_BYTES_MOST) {
                throw new IOException("it says a quantizer has " + quantizerBytes + " bytes");
            }
            return new Form(header, error, stride, quantizerBytes);
        }
    }

    private CodesFile() {}

    /** Writes and fsyncs the codes of the header's slots, all of which are encoded. */
    public static void write(Codes codes, CheckpointHeader header, Path path) throws IOException {
        byte[] quantizer = QuantizerBytes.write(codes.quantizer());
        try (ChecksummedFile file = ChecksummedFile.create(path)) {
            header.write(KIND, file);
            file.write(
                    ChecksummedFile.buffer(FORM_BYTES)
                            .putDouble(codes.trainingError())
                            .putLong(codes.strideBytes())
                            .putInt(quantizer.length)
                            .flip());
            file.writeChecksum();
            file.write(ByteBuffer.wrap(quantizer));
            file.writeChecksum();
            file.write(codes.slab(), header.slots());
            file.force();
        }
        SyncedCopy.fileSynced(path);
    }

    /**
     * Reads what the file belongs to.
     *
     * @throws IOException if it is damaged, or of another kind or version
     */
    public static CheckpointHeader header(Path path) throws IOException {
        try (ChecksummedFile file = ChecksummedFile.open(path)) {
            return Form.read(file).header;
        }
    }

    /**
     * Reads all of the file without keeping it.
     *
     * @return what it holds, in words
     * @throws IOException if it is damaged
     */
    public static String check(Path path) throws IOException {
        try (ChecksummedFile file = ChecksummedFile.open(path)) {
            Form form = Form.read(file);
            int slots = form.header.slots();
            file.read(form.quantizerBytes);
            file.check();
            file.readBlocks(slots * form.stride, (at, bytes) -> {});
            file.checkEnd();
            return "%,d codes of %,d bytes".formatted(slots, form.stride);
        }
    }

    /**
     * Reads codes for a segment that has the header's slots, or fewer of them.
     *
     * @throws IOException if the file is damaged
     */
    public static Codes read(Segment segment, MemoryBudget budget, Path path) throws IOException {
        VectorStore vectors = segment.vectors();
        try (ChecksummedFile file = ChecksummedFile.open(path)) {
            Form form = Form.read(file);
            int slots = form.header.slots();
            ByteBuffer bytes = file.read(form.quantizerBytes);
            file.check();
            Quantizer quantizer = QuantizerBytes.read(bytes, vectors.metric(), vectors.dimension());
            Codes codes = new Codes(quantizer, form.error, vectors, budget);
            boolean whole = false;
            try {
                if (codes.strideBytes() != form.stride || slots > vectors.slotsMax()) {
                    throw new IOException(
                            "it says %,d codes of %,d bytes".formatted(slots, form.stride));
                }
                file.requireMore(slots * codes.strideBytes());
                codes.ensure(slots);
                file.read(codes.slab(), slots);
                file.checkEnd();
                whole = true;
                return codes;
            } finally {
                if (!whole) {
                    codes.close();
                }
            }
        }
    }
}
