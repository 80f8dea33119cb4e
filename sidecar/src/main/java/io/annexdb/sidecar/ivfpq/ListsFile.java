package io.annexdb.sidecar.ivfpq;

import io.annexdb.sidecar.memory.MappedFile;
import io.annexdb.sidecar.memory.SyncedCopy;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.quantization.Centroids;
import io.annexdb.sidecar.quantization.Codebooks;
import io.annexdb.sidecar.segment.CheckpointHeader;
import io.annexdb.sidecar.segment.LogPosition;
import io.annexdb.sidecar.telemetry.Failpoint;

import org.jspecify.annotations.Nullable;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import java.util.zip.CheckedInputStream;
import java.util.zip.CheckedOutputStream;

/**
 * What is needed besides the mapped blocks to go on after a restart: the model, and which blocks
 * are whose, with a checksum of each. Derived data: a file that does not fit or is damaged is left
 * aside. Big-endian:
 *
 * <pre>
 * header: long magic "ANNEXIVF", int version, long fingerprint, long log number, long truncations,
 *         long position in the log, long chain there, int slots; long CRC32C
 * form:   long number of the block file, int dimension, int lists, int segments, int bits,
 *         int trained rows, double error, int blocks; long CRC32C
 * model:  centroids of the lists, then of each segment, as floats; long CRC32C
 * lists:  for each list int entries, and for each of its blocks int number, int CRC32C of the places
 *         taken; long CRC32C
 * </pre>
 *
 * Every CRC32C covers all before it. Version 1 did not say which log it belongs to beyond its
 * number.
 */
public final class ListsFile {
    private static final long MAGIC = 0x414E4E4558495646L;
    private static final int VERSION = 2;
    private static final int HEADER_BYTES = 64;
    private static final int LISTS_MOST = 1 << 20;
    private static final int DIMENSION_MOST = 1 << 16;

    /**
     * What was read.
     *
     * @param model as it was trained; null if the file is of another definition
     * @param lists the lists of the slots below {@code slots}; null if they do not fit
     * @param slots slots that the lists cover
     */
    public record Content(@Nullable Model model, @Nullable Lists lists, int slots) {}

    /** Names the file of blocks of a number. */
    public interface BlockFiles {
        Path path(long number);
    }

    private ListsFile() {}

    /** Writes and fsyncs the lists, blocks first; nobody may be appending. */
    public static void write(Lists lists, CheckpointHeader header, Path path) throws IOException {
        lists.file.force();
        Model model = lists.model;
        CheckBlocks check = new CheckBlocks(lists);
        CRC32C crc = new CRC32C();
        try (FileOutputStream file = new FileOutputStream(path.toFile());
                DataOutputStream out =
                        new DataOutputStream(
                                new CheckedOutputStream(
                                        new BufferedOutputStream(file, 1 << 16), crc))) {
            out.writeLong(MAGIC);
            out.writeInt(VERSION);
            out.writeLong(header.fingerprint());
            out.writeLong(header.logNumber());
            out.writeLong(header.truncations());
            out.writeLong(header.position().bytes());
            out.writeLong(header.position().chain());
            out.writeInt(header.slots());
            out.writeLong(crc.getValue());
            out.writeLong(lists.number());
            out.writeInt(model.dimension());
            out.writeInt(model.lists());
            out.writeInt(model.books().segments());
            out.writeInt(model.books().bits());
            out.writeInt(model.trainedRows());
            out.writeDouble(model.error());
            out.writeInt(lists.blocksTaken());
            out.writeLong(crc.getValue());
            write(model.coarse(), out);
            for (int s = 0; s < model.books().segments(); s++) {
                write(model.books().segment(s), out);
            }
            out.writeLong(crc.getValue());
            for (int i = 0; i < model.lists(); i++) {
                PostingList list = lists.list(i);
                int[] blocks = list.blocks();
                out.writeInt(list.entries());
                for (int b = 0; b < blocks.length; b++) {
                    out.writeInt(blocks[b]);
                    out.writeInt(check.checksum(blocks[b], list.entries() - b * Block.CODES));
                }
            }
            out.writeLong(crc.getValue());
            out.flush();
            file.getFD().sync();
        }
        SyncedCopy.fileSynced(path);
        Failpoint.LISTS_WRITTEN.pass();
    }

    private static void write(Centroids centroids, DataOutputStream out) throws IOException {
        for (int i = 0; i < centroids.count(); i++) {
            for (int d = 0; d < centroids.dimension(); d++) {
                out.writeFloat(centroids.get(i, d));
            }
        }
    }

    /**
     * Reads what the file belongs to.
     *
     * @throws IOException if it is damaged, or of another version
     */
    public static CheckpointHeader header(Path path) throws IOException {
        CRC32C crc = new CRC32C();
        try (DataInputStream in = open(path, crc)) {
            return header(in, crc);
        }
    }

    /**
     * Checks the checksum of all, and whether the blocks are there.
     *
     * @return what it holds, in words
     * @throws IOException if it is damaged
     */
    public static String check(Path path, BlockFiles files) throws IOException {
        CRC32C crc = new CRC32C();
        try (DataInputStream in = open(path, crc)) {
            CheckpointHeader header = header(in, crc);
            long blockFile = in.readLong();
            if (!Files.exists(files.path(blockFile))) {
                throw new IOException("its blocks, " + files.path(blockFile) + ", are missing");
            }
            long rest = Files.size(path) - HEADER_BYTES - 2L * Long.BYTES;
            byte[] bytes = new byte[1 << 16];
            while (rest > 0) {
                int length = (int) Math.min(bytes.length, rest);
                in.readFully(bytes, 0, length);
                rest -= length;
            }
            check(in, crc);
            return "lists of %,d slots".formatted(header.slots());
        }
    }

    /**
     * Reads what was written.
     *
     * @param sameDefinition whether the header has the fingerprint of the index's lists
     * @param sameSlots whether its slots mean the rows that are there
     * @param slotsMost slots that the segment has; rows behind them are taken out of the lists
     * @throws IOException if the file is damaged
     */
    public static Content read(
            Path path,
            boolean sameDefinition,
            boolean sameSlots,
            Metric metric,
            int dimension,
            int slotsMost,
            BlockFiles files)
            throws IOException {
        CRC32C crc = new CRC32C();
        try (DataInputStream in = open(path, crc)) {
            int slots = header(in, crc).slots();
            long blockFile = in.readLong();
            boolean sameDimension = in.readInt() == dimension;
            int lists = in.readInt();
            int segments = in.readInt();
            int bits = in.readInt();
            int trainedRows = in.readInt();
            double error = in.readDouble();
            int blocks = in.readInt();
            check(in, crc);
            if (!sameDefinition || !sameDimension) {
                return new Content(null, null, 0);
            }
            if (lists < 1
                    || lists > LISTS_MOST
                    || dimension > DIMENSION_MOST
                    || segments < 1
                    || segments > dimension
                    || (bits != 4 && bits != 8)
                    || blocks < 0) {
                throw new IOException("its header says " + lists + " lists, " + segments);
            }
            Model model =
                    readModel(in, metric, dimension, lists, segments, bits, trainedRows, error);
            check(in, crc);
            if (!sameSlots || !Files.exists(files.path(blockFile))) {
                return new Content(model, null, 0);
            }
            Path blockPath = files.path(blockFile);
            MappedFile file = MappedFile.open(blockPath, Lists.CHUNK_BYTES);
            Lists read = new Lists(model, file, blockFile, Math.min(slots, slotsMost));
            boolean whole = false;
            try {
                whole = readLists(in, crc, read, blocks, Math.min(slots, slotsMost));
            } finally {
                if (!whole) {
                    read.gate().close();
                }
            }
            return new Content(model, whole ? read : null, Math.min(slots, slotsMost));
        }
    }

    private static DataInputStream open(Path path, CRC32C crc) throws IOException {
        return new DataInputStream(
                new CheckedInputStream(
                        new BufferedInputStream(Files.newInputStream(path), 1 << 16), crc));
    }

    private static CheckpointHeader header(DataInputStream in, CRC32C crc) throws IOException {
        if (in.readLong() != MAGIC || in.readInt() != VERSION) {
            throw new IOException("it is not a file of lists of version " + VERSION);
        }
        long fingerprint = in.readLong();
        long logNumber = in.readLong();
        long truncations = in.readLong();
        LogPosition position = new LogPosition(in.readLong(), in.readLong());
        int slots = in.readInt();
        check(in, crc);
        return new CheckpointHeader(fingerprint, logNumber, truncations, position, slots);
    }

    private static void check(DataInputStream in, CRC32C crc) throws IOException {
        long expected = crc.getValue();
        if (in.readLong() != expected) {
            throw new IOException("a checksum is wrong");
        }
    }

    private static Model readModel(
            DataInputStream in,
            Metric metric,
            int dimension,
            int lists,
            int segments,
            int bits,
            int trainedRows,
            double error)
            throws IOException {
        Centroids coarse = readCentroids(in, lists, Model.pointFloats(metric, dimension));
        List<Centroids> books = new ArrayList<>();
        for (int s = 0; s < segments; s++) {
            int width = Codebooks.start(s + 1, segments, dimension);
            width -= Codebooks.start(s, segments, dimension);
            books.add(readCentroids(in, 1 << bits, width));
        }
        Codebooks codebooks = new Codebooks(dimension, bits, books);
        return new Model(metric, coarse, codebooks, trainedRows, error);
    }

    private static Centroids readCentroids(DataInputStream in, int count, int dimension)
            throws IOException {
        Centroids centroids = new Centroids(count, dimension);
        float[] components = new float[dimension];
        for (int i = 0; i < count; i++) {
            for (int d = 0; d < dimension; d++) {
                components[d] = in.readFloat();
            }
            centroids.put(i, components);
        }
        return centroids;
    }

    /** False if a block is missing or damaged. */
    private static boolean readLists(
            DataInputStream in, CRC32C crc, Lists lists, int blocks, int slots) throws IOException {
        if (blocks > lists.blocksThere()) {
            return false;
        }
        int[][] checksums = new int[lists.model.lists()][];
        for (int i = 0; i < checksums.length; i++) {
            int entries = in.readInt();
            int count = entries / Block.CODES + (entries % Block.CODES == 0 ? 0 : 1);
            if (entries < 0 || count > blocks) {
                throw new IOException("list " + i + " has " + entries + " entries");
            }
            int[] numbers = new int[count];
            checksums[i] = new int[count];
            for (int b = 0; b < count; b++) {
                numbers[b] = in.readInt();
                checksums[i][b] = in.readInt();
                if (numbers[b] < 0 || numbers[b] >= blocks) {
                    throw new IOException("list " + i + " has block " + numbers[b]);
                }
            }
            lists.list(i).restore(numbers, entries);
        }
        check(in, crc);
        lists.restoreBlocks(blocks);
        return new CheckBlocks(lists).verify(checksums, slots);
    }
}
