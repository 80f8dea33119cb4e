package io.annexdb.sidecar.hnsw;

import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.memory.Slab;
import io.annexdb.sidecar.memory.SyncedCopy;
import io.annexdb.sidecar.telemetry.Failpoint;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/**
 * A graph on disk, so that a restart need not link everything again. Derived data: a file that does
 * not fit or is damaged is left aside. Little-endian:
 *
 * <pre>
 * header, 64 bytes: long magic "ANNEXHNS", int version, int m, long fingerprint, long log number,
 *                   long truncations, int slots, int upper lists, long entry, int 0, int CRC32C
 * blocks:           lists of layer 0, places, upper lists; each in blocks of at most 1 MiB, each
 *                   block followed by an int CRC32C
 * </pre>
 *
 * Version 1 is the only one so far.
 */
public final class GraphFile {
    private static final long MAGIC = 0x534E4858454E4E41L;
    private static final int VERSION = 1;
    private static final int HEADER_BYTES = 64;
    private static final int BLOCK_BYTES = 1 << 20;

    /**
     * What a graph belongs to; slots mean the same rows only if all of it is equal.
     *
     * @param fingerprint of the definition
     * @param logNumber number of the log whose replay gives these slots
     * @param truncations records in that log after which slots were numbered anew
     */
    public record Origin(long fingerprint, long logNumber, long truncations) {}

    private GraphFile() {}

    /** Writes and fsyncs the graph of the slots below {@code slots}; no one may be inserting. */
    public static void write(Graph graph, int slots, Origin origin, Path path) throws IOException {
        try (FileChannel channel =
                FileChannel.open(
                        path,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.WRITE)) {
            int upperLists = graph.upperLists();
            ByteBuffer header = buffer(HEADER_BYTES);
            header.putLong(MAGIC).putInt(VERSION).putInt(graph.m()).putLong(origin.fingerprint());
            header.putLong(origin.logNumber()).putLong(origin.truncations());
            header.putInt(slots).putInt(upperLists).putLong(graph.entry()).putInt(0);
            header.putInt(checksum(header.duplicate().flip()));
            writeFully(channel, header.flip());
            writeSlab(channel, graph.layer0(), slots);
            Failpoint.GRAPH_HALF.pass();
            writeSlab(channel, graph.places(), slots);
            writeSlab(channel, graph.upper(), upperLists);
            Failpoint.GRAPH_WRITTEN.pass();
            channel.force(true);
        }
        SyncedCopy.fileSynced(path);
        Failpoint.GRAPH_SYNCED.pass();
    }

    /**
     * Reads a graph into an empty one.
     *
     * @param slotsMost slots that the segment has
     * @return number of slots that are linked now; 0 when the file does not fit
     * @throws IOException if the file is damaged; the graph is to be thrown away then
     */
    public static int read(Graph graph, int slotsMost, Origin origin, Path path)
            throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            ByteBuffer header = buffer(HEADER_BYTES);
            readFully(channel, header);
            header.flip();
            boolean fits =
                    header.getLong() == MAGIC
                            && header.getInt() == VERSION
                            && header.getInt() == graph.m()
                            && header.getLong() == origin.fingerprint()
                            && header.getLong() == origin.logNumber()
                            && header.getLong() == origin.truncations();
            int slots = header.getInt();
            int upperLists = header.getInt();
            long entry = header.getLong();
            header.getInt();
            if (header.getInt()
                    != checksum(header.duplicate().position(0).limit(HEADER_BYTES - 4))) {
                throw new IOException("the header's checksum is wrong");
            }
            if (!fits || slots > slotsMost) {
                return 0;
            }
            graph.ensure(slots);
            graph.upper().ensure(upperLists);
            readSlab(channel, graph.layer0(), slots);
            readSlab(channel, graph.places(), slots);
            readSlab(channel, graph.upper(), upperLists);
            graph.setUpperLists(upperLists);
            keepWithin(graph, slots);
            enter(graph, entry, slots);
            return slots;
        }
    }

    /** Drops links to slots that are not covered, and counts those that stay. */
    private static void keepWithin(Graph graph, int slots) {
        int[] neighbours = new int[graph.m0()];
        for (int slot = 0; slot < slots; slot++) {
            for (int layer = graph.level(slot); layer >= 0; layer--) {
                int count = GraphSearch.neighbours(graph, slot, layer, neighbours);
                long list = graph.list(slot, layer);
                int kept = 0;
                for (int i = 0; i < count; i++) {
                    if (neighbours[i] < slots) {
                        Native.putInt(list + kept++ * 4L, neighbours[i] + 1);
                    }
                }
                for (int i = kept; i < count; i++) {
                    Native.putInt(list + i * 4L, 0);
                }
                for (int i = 0; layer == 0 && i < kept; i++) {
                    graph.addInDegree(Native.getInt(list + i * 4L) - 1, 1);
                }
            }
        }
    }

    /** The entry, or the highest node in its place when the entry is not covered. */
    private static void enter(Graph graph, long entry, int slots) {
        if (entry == 0 || Graph.entrySlot(entry) < slots) {
            graph.setEntry(entry);
            return;
        }
        int highest = 0;
        for (int slot = 1; slot < slots; slot++) {
            if (graph.level(slot) > graph.level(highest)) {
                highest = slot;
            }
        }
        graph.setEntry(highest, graph.level(highest));
    }

    private static void writeSlab(FileChannel channel, Slab slab, long count) throws IOException {
        byte[] block = new byte[BLOCK_BYTES];
        long bytes = count * slab.strideBytes();
        for (long at = 0; at < bytes; at += BLOCK_BYTES) {
            int length = (int) Math.min(BLOCK_BYTES, bytes - at);
            Native.getBytes(slab.base() + at, block, 0, length);
            writeFully(channel, ByteBuffer.wrap(block, 0, length));
            writeFully(
                    channel, buffer(4).putInt(checksum(ByteBuffer.wrap(block, 0, length))).flip());
        }
    }

    private static void readSlab(FileChannel channel, Slab slab, long count) throws IOException {
        byte[] block = new byte[BLOCK_BYTES];
        long bytes = count * slab.strideBytes();
        for (long at = 0; at < bytes; at += BLOCK_BYTES) {
            int length = (int) Math.min(BLOCK_BYTES, bytes - at);
            readFully(channel, ByteBuffer.wrap(block, 0, length));
            ByteBuffer checksum = buffer(4);
            readFully(channel, checksum);
            if (checksum.getInt(0) != checksum(ByteBuffer.wrap(block, 0, length))) {
                throw new IOException("the checksum of a block is wrong");
            }
            Native.putBytes(slab.base() + at, block, 0, length);
        }
    }

    private static int checksum(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private static void readFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            if (channel.read(bytes) < 0) {
                throw new EOFException("the file is cut off");
            }
        }
    }
}
