package io.annexdb.sidecar.index;

import io.annexdb.sidecar.hnsw.Graph;
import io.annexdb.sidecar.hnsw.Insert;
import io.annexdb.sidecar.hnsw.Reconnect;
import io.annexdb.sidecar.hnsw.Scratch;
import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.memory.ReaderGate;
import io.annexdb.sidecar.model.IndexDefinition;
import io.annexdb.sidecar.segment.Segment;

/**
 * One numbering of slots: the rows and the graph over them. Truncation, reload and compaction put a
 * new generation in place of the old one, whose memory goes when its last reader has left.
 */
final class Generation {
    final Segment segment;
    Graph graph;
    final Linking linking = new Linking();
    final ReaderGate gate;
    private final int efConstruction;

    Generation(IndexDefinition index, int dimension, MemoryBudget budget) {
        segment = new Segment(index.metric(), dimension, budget);
        graph = new Graph(index.options().m(), segment, budget);
        efConstruction = index.options().efConstruction();
        gate =
                new ReaderGate(() -> {
                    graph.close();
                    segment.close();
                });
    }

    /** Links the slots of a batch; rows that have gone stay out of the graph. */
    void link(Linking.Batch batch, Scratch scratch, Runnable beforeEach) {
        try {
            graph.ensure(batch.to());
            Insert insert = new Insert(graph, efConstruction, scratch);
            for (int slot = batch.from(); slot < batch.to(); slot++) {
                if (!segment.isDead(slot)) {
                    beforeEach.run();
                    insert.insert(slot);
                }
            }
            linking.done(batch);
        } catch (RuntimeException | Error e) {
            linking.failed(batch);
            throw e;
        }
    }

    /** Links what got shut off; nobody may be linking. */
    void reconnect() {
        Insert insert = new Insert(graph, efConstruction, new Scratch());
        Reconnect.run(graph, linking.linked(), insert);
    }

    /** Puts an empty graph in place of one that could not be read; before anybody searches. */
    void discardGraph(IndexDefinition index, MemoryBudget budget) {
        graph.close();
        graph = new Graph(index.options().m(), segment, budget);
    }

    /** Rows that only the exact scan finds. */
    int fresh() {
        return segment.slots() - linking.linked();
    }
}
