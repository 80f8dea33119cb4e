package io.annexdb.sidecar.index;

import io.annexdb.sidecar.hnsw.Graph;
import io.annexdb.sidecar.hnsw.Insert;
import io.annexdb.sidecar.hnsw.Reconnect;
import io.annexdb.sidecar.hnsw.Scratch;
import io.annexdb.sidecar.hnsw.UnlinkTombstones;
import io.annexdb.sidecar.ivfpq.AppendRows;
import io.annexdb.sidecar.ivfpq.ListSettings;
import io.annexdb.sidecar.ivfpq.Lists;
import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.memory.ReaderGate;
import io.annexdb.sidecar.model.IndexDefinition;
import io.annexdb.sidecar.model.IndexOptions;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.Quantization;
import io.annexdb.sidecar.segment.Codes;
import io.annexdb.sidecar.segment.Segment;
import io.annexdb.sidecar.segment.TrainCodes;

import org.jspecify.annotations.Nullable;

import java.nio.file.Path;
import java.util.Map;

/**
 * One numbering of slots: the rows and the graph, or the lists, over them. Truncation, reload and
 * compaction put a new generation in place of the old one, whose memory goes when its last reader
 * has left.
 */
final class Generation {
    private static final int READS_PER_INSERTION = 64;

    final Segment segment;
    Graph graph;

    /** With method ivfpq in place of the graph; null until there are rows enough to train on. */
    private volatile @Nullable Lists lists;

    final Linking linking = new Linking();
    final ReaderGate gate;
    final ListSettings listSettings;
    private final int efConstruction;
    private final boolean isFlat;
    private final Quantization quantization;

    /**
     * @param directory of the shard's files
     */
    Generation(IndexDefinition index, int dimension, MemoryBudget budget, Path directory) {
        segment =
                new Segment(
                        index.metric(),
                        index.elements(),
                        dimension,
                        index.include(),
                        budget,
                        switch (index.options().vectors()) {
                            case MEMORY -> null;
                            case MAPPED -> directory;
                        });
        graph = new Graph(links(index), segment, budget);
        listSettings = ListSettings.of(index.options());
        efConstruction = index.options().efConstruction();
        isFlat = index.method() == Method.FLAT;
        quantization = quantization(index, dimension);
        if (quantization != Quantization.NONE) {
            linking.setBarrier(TrainCodes.ROWS_LEAST);
        }
        gate =
                new ReaderGate(() -> {
                    setLists(null);
                    graph.close();
                    segment.close();
                });
    }

    /** A scan is exact unless codes are asked for. */
    private static Quantization quantization(IndexDefinition index, int dimension) {
        Quantization wanted = index.options().quantization();
        return switch (index.method()) {
            case IVFPQ -> Quantization.NONE;
            case AUTO, HNSW -> TrainCodes.resolve(wanted, index.metric(), dimension);
            case FLAT ->
                    wanted == Quantization.AUTO
                            ? Quantization.NONE
                            : TrainCodes.resolve(wanted, index.metric(), dimension);
        };
    }

    /** Whether rows get into a graph, or into lists: with method flat they are encoded at most. */
    boolean isFlat() {
        return isFlat;
    }

    /** Whether rows get codes, now or when there are enough of them. */
    boolean wantsCodes() {
        return quantization != Quantization.NONE;
    }

    /** Links per node; beside lists, the graph stays empty. */
    private static int links(IndexDefinition index) {
        return index.method() == Method.IVFPQ ? IndexOptions.DEFAULT.m() : index.options().m();
    }

    /** Encodes and links the slots of a batch; rows that have gone stay out of the graph. */
    void link(Linking.Batch batch, Scratch scratch, Runnable beforeEach) {
        Codes codes = segment.enterCodes();
        try {
            Lists appended = lists;
            if (appended != null) {
                beforeEach.run();
                AppendRows.run(appended, segment, batch.from(), batch.to());
                linking.done(batch);
                return;
            }
            if (codes != null) {
                codes.encode(segment.vectors(), batch.from(), batch.to());
            }
            if (isFlat) {
                linking.done(batch);
                return;
            }
            graph.ensure(batch.to());
            Insert insert = new Insert(graph, efConstruction, scratch, codes);
            for (int slot = batch.from(); slot < batch.to(); slot++) {
                if (!segment.isDead(slot)) {
                    beforeEach.run();
                    insert.insert(slot);
                    segment.vectors().touch(READS_PER_INSERTION);
                }
            }
            linking.done(batch);
        } catch (RuntimeException | Error e) {
            linking.failed(batch);
            throw e;
        } finally {
            if (codes != null) {
                codes.exit();
            }
        }
    }

    /** Whether so much was linked since the last look that another one is due. */
    boolean mayTrain() {
        return linking.isAtBarrier();
    }

    /**
     * Trains codes where there are none yet, or where the vectors that came since differ; then lets
     * twice as many slots be linked until the next look.
     */
    void train(MemoryBudget budget) {
        int linked = linking.linked();
        try {
            if (needsTraining(linked)) {
                segment.use(TrainCodes.train(segment, quantization, linked, budget));
            }
        } finally {
            linking.setBarrier((int) Math.min(Integer.MAX_VALUE, 2L * linked));
        }
    }

    private boolean needsTraining(int linked) {
        Codes codes = segment.enterCodes();
        if (codes == null) {
            return true;
        }
        try {
            return TrainCodes.hasDrifted(segment, codes, linked);
        } finally {
            codes.exit();
        }
    }

    /** The lists that are now in place; for those who hold up their replacement. */
    @Nullable Lists lists() {
        return lists;
    }

    /** The lists, entered: the caller must exit their gate. */
    @Nullable Lists enterLists() {
        while (true) {
            Lists entered = lists;
            if (entered == null || entered.gate().enter()) {
                return entered;
            }
        }
    }

    /** Tombstones that the graph still leads through. */
    int tombstonesInGraph() {
        return graph.isEmpty() ? 0 : segment.tombstones() - graph.leavingCount();
    }

    /**
     * Takes all tombstones of now out of the graph. Insertions wait while they are chosen, and
     * while the graph is searched for what got shut off.
     */
    void unlinkTombstones() throws InterruptedException {
        if (!linking.pause()) {
            return;
        }
        UnlinkTombstones unlink;
        try {
            Insert insert = new Insert(graph, efConstruction, new Scratch(), null);
            unlink = UnlinkTombstones.begin(graph, linking.linked(), insert);
        } finally {
            linking.resume();
        }
        unlink.run();
        reconnectPaused();
    }

    /** As {@link #reconnect}; insertions wait. */
    void reconnectPaused() throws InterruptedException {
        if (linking.pause()) {
            try {
                reconnect();
            } finally {
                linking.resume();
            }
        }
    }

    /** Puts lists in place; the memory of those before goes with their last reader. */
    void setLists(@Nullable Lists next) {
        Lists old = lists;
        lists = next;
        if (old != null) {
            old.gate().close();
        }
    }

    /** Links what got shut off, which happens in graphs only; nobody may be linking. */
    void reconnect() {
        if (isFlat || lists != null) {
            return;
        }
        Insert insert = new Insert(graph, efConstruction, new Scratch(), null);
        Reconnect.run(graph, linking.linked(), insert);
    }

    /** Puts an empty graph in place of one that could not be read; before anybody searches. */
    void discardGraph(IndexDefinition index, MemoryBudget budget) {
        graph.close();
        graph = new Graph(links(index), segment, budget);
    }

    /** Rows that only the exact scan finds. */
    int fresh() {
        return segment.slots() - linking.linked();
    }

    /** Memory by part. */
    Map<String, Long> memoryBytes() {
        Lists entered = enterLists();
        try {
            return Map.of(
                    "vectors",
                    segment.vectorBytes(),
                    "keys",
                    segment.keyBytes(),
                    "namespaces",
                    segment.namespaceBytes(),
                    "codes",
                    segment.codeBytes(),
                    "attributes",
                    segment.attributeBytes(),
                    entered == null ? "graph" : "lists",
                    entered == null ? graph.bytes() : entered.bytes());
        } finally {
            if (entered != null) {
                entered.gate().exit();
            }
        }
    }
}
