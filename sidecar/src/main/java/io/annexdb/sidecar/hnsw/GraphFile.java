package io.annexdb.sidecar.hnsw;

import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.memory.Slab;
import io.annexdb.sidecar.memory.SyncedCopy;
import io.annexdb.sidecar.segment.CheckpointHeader;
import io.annexdb.sidecar.segment.ChecksummedFile;
import io.annexdb.sidecar.telemetry.Failpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * A graph on disk, so that a restart need not link everything again. Derived data: a file that does
 * not fit or is damaged is left aside. Little-endian:
 *
 * <pre>
 * header:  {@link CheckpointHeader}, then int m, int upper lists, long entry; int CRC32C
 * blocks:  lists of layer 0, places, upper lists; each in blocks of at most 1 MiB, each block
 *          followed by an int CRC32C
 * </pre>
 *
 * Every CRC32C covers all before it, so blocks cannot change places. Version 1 did not say which
 * log it belongs to beyond its number.
 */
public final class GraphFile {
    private static final CheckpointHeader.Kind KIND =
            new CheckpointHeader.Kind(0x534E4858454E4E41L, 2, "a graph");

    private GraphFile() {}

    /** Writes and fsyncs the graph of the header's slots; no one may be inserting. */
    public static void write(Graph graph, CheckpointHeader header, Path path) throws IOException {
        try (ChecksummedFile file = ChecksummedFile.create(path)) {
            int upperLists = graph.upperLists();
            header.write(KIND, file);
            file.write(
                    ChecksummedFile.buffer(16)
                            .putInt(graph.m())
                            .putInt(upperLists)
                            .putLong(graph.entry())
                            .flip());
            file.writeChecksum();
            file.write(graph.layer0(), header.slots());
            Failpoint.GRAPH_HALF.pass();
            file.write(graph.places(), header.slots());
            file.write(graph.upper(), upperLists);
            Failpoint.GRAPH_WRITTEN.pass();
            file.force();
        }
        SyncedCopy.fileSynced(path);
        Failpoint.GRAPH_SYNCED.pass();
    }

    /**
     * Reads what the file belongs to.
     *
     * @throws IOException if it is damaged, or no graph of this version
     */
    public static CheckpointHeader header(Path path) throws IOException {
        try (ChecksummedFile file = ChecksummedFile.open(path)) {
            CheckpointHeader header = CheckpointHeader.read(KIND, file);
            file.read(16);
            file.check();
            return header;
        }
    }

    /**
     * Reads all of a graph without keeping it.
     *
     * @param slots that there are, of which alone a list may name some; 0 when that is not known
     * @return what it holds, in words
     * @throws IOException if a checksum is wrong, or a list names what there is not
     */
    public static String check(Path path, int slots) throws IOException {
        try (ChecksummedFile file = ChecksummedFile.open(path)) {
            CheckpointHeader header = CheckpointHeader.read(KIND, file);
            ByteBuffer form = file.read(16);
            file.check();
            int m = form.getInt();
            int upperLists = form.getInt();
            long[] links = new long[2];
            ChecksummedFile.Blocks count =
                    (at, bytes) -> {
                        while (bytes.remaining() >= 4) {
                            int slot = bytes.getInt() - 1;
                            links[0] += slot >= 0 ? 1 : 0;
                            links[1] += slot < -1 || slot >= slots ? 1 : 0;
                        }
                    };
            file.readBlocks(header.slots() * Slab.cacheLines(m * 8L), count);
            file.readBlocks(header.slots() * 4L, (at, bytes) -> {});
            file.readBlocks(upperLists * Slab.cacheLines(m * 4L), count);
            file.checkEnd();
            if (slots > 0 && links[1] > 0) {
                throw new IOException(
                        "%,d links name slots that are not among %,d".formatted(links[1], slots));
            }
            return "%,d slots, %,d links".formatted(header.slots(), links[0]);
        }
    }

    /**
     * Reads a graph into an empty one.
     *
     * @param slotsMost slots that the segment has; links to those behind are dropped
     * @return number of slots that are linked now; 0 for a graph of another form
     * @throws IOException if the file is damaged; the graph is to be thrown away then
     */
    public static int read(Graph graph, int slotsMost, Path path) throws IOException {
        try (ChecksummedFile file = ChecksummedFile.open(path)) {
            CheckpointHeader header = CheckpointHeader.read(KIND, file);
            ByteBuffer form = file.read(16);
            file.check();
            int m = form.getInt();
            int upperLists = form.getInt();
            long entry = form.getLong();
            int slots = Math.min(header.slots(), slotsMost);
            if (m != graph.m() || slots == 0) {
                return 0;
            }
            long most = graph.vectors().slotsMax();
            if (upperLists < 0 || upperLists > most || header.slots() > most) {
                throw new IOException(
                        "it says %,d slots and %,d upper lists where %,d can be"
                                .formatted(header.slots(), upperLists, most));
            }
            file.requireMore(
                    header.slots() * (graph.layer0().strideBytes() + 4)
                            + upperLists * graph.upper().strideBytes());
            graph.ensure(header.slots());
            graph.upper().ensure(upperLists);
            file.read(graph.layer0(), header.slots());
            file.read(graph.places(), header.slots());
            file.read(graph.upper(), upperLists);
            file.checkEnd();
            graph.setUpperLists(upperLists);
            checkPlaces(graph, header.slots(), upperLists);
            keepWithin(graph, slots);
            forget(graph, slots, header.slots());
            enter(graph, entry, slots);
            return slots;
        }
    }

    private static void checkPlaces(Graph graph, int slots, int upperLists) throws IOException {
        for (int slot = 0; slot < slots; slot++) {
            if (!graph.isPlacedBelow(slot, upperLists)) {
                throw new IOException("the lists of slot " + slot + " lie behind the end");
            }
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
                    if (isLinkable(graph, neighbours[i], layer, slots)) {
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

    private static boolean isLinkable(Graph graph, int slot, int layer, int slots) {
        return slot >= 0 && slot < slots && (layer == 0 || graph.level(slot) >= layer);
    }

    /** Slots that are not covered have no lists yet, as if nobody had linked them. */
    private static void forget(Graph graph, int from, int to) {
        for (int slot = from; slot < to; slot++) {
            Native.clear(graph.list(slot, 0), graph.m0() * 4L);
            Native.putInt(graph.places().address(slot), 0);
        }
    }

    /** The entry, or the highest node in its place when the entry is not covered. */
    private static void enter(Graph graph, long entry, int slots) {
        int slot = Graph.entrySlot(entry);
        if (entry == 0
                || (slot >= 0 && slot < slots && Graph.entryLevel(entry) == graph.level(slot))) {
            graph.setEntry(entry);
            return;
        }
        int highest = 0;
        for (int other = 1; other < slots; other++) {
            if (graph.level(other) > graph.level(highest)) {
                highest = other;
            }
        }
        graph.setEntry(highest, graph.level(highest));
    }
}
