package io.annexdb.benchmarks.demo;

import io.annexdb.benchmarks.progress.Progress;
import io.annexdb.benchmarks.text.Gloss;
import io.annexdb.jdbc.AnnexClient;
import io.annexdb.jdbc.BulkLoad;
import io.annexdb.jdbc.ColumnWriter;

import tools.jackson.databind.json.JsonMapper;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Fills {@code memory.memory_entries} with glosses, the lexical domain as namespace, and {@code
 * memory.graph_edges} with their hypernym links. An edge lies in one namespace, so links between
 * domains are left out.
 */
final class LoadGlosses {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final int BATCH_ROWS = 2_000;

    private final AnnexClient client;

    LoadGlosses(AnnexClient client) {
        this.client = client;
    }

    /** Loads glosses, and the vectors that belong to them in the same order. */
    void run(List<Gloss> glosses, List<float[]> vectors) {
        List<Entry> entries =
                IntStream.range(0, glosses.size())
                        .mapToObj(i -> new Entry(glosses.get(i), vectors.get(i)))
                        .toList();
        loadEntries(entries);
        loadEdges(edges(glosses));
    }

    private void loadEntries(List<Entry> entries) {
        try (Progress progress = Progress.start("Load rows", entries.size())) {
            List<String> columns =
                    List.of("namespace", "id", "category", "content", "metadata", "embedding");
            client.load(
                    BulkLoad.into("memory.memory_entries", columns, LoadGlosses::writeEntry)
                            .replaceByKey("namespace", "id")
                            .batchRows(BATCH_ROWS)
                            .onProgress(done -> progress.advanceTo(done.rowsCommitted()))
                            .build(),
                    entries.iterator());
        }
    }

    private static void writeEntry(Entry entry, ColumnWriter columns) {
        Gloss gloss = entry.gloss();
        columns.write(gloss.domain());
        columns.write(gloss.id());
        columns.write(gloss.partOfSpeech());
        columns.write(gloss.definition());
        columns.write(JSON.writeValueAsString(Map.of("words", gloss.words())));
        columns.write(entry.vector());
    }

    private void loadEdges(List<Edge> edges) {
        try (Progress progress = Progress.start("Load hypernym links", edges.size())) {
            client.load(
                    BulkLoad.into(
                                    "memory.graph_edges",
                                    List.of("namespace", "source_id", "target_id", "relation"),
                                    LoadGlosses::writeEdge)
                            .replaceByKey("namespace", "source_id", "target_id", "relation")
                            .onProgress(done -> progress.advanceTo(done.rowsCommitted()))
                            .build(),
                    edges.iterator());
        }
    }

    private static void writeEdge(Edge edge, ColumnWriter columns) {
        columns.write(edge.namespace());
        columns.write(edge.source());
        columns.write(edge.target());
        columns.write("hypernym");
    }

    private static List<Edge> edges(List<Gloss> glosses) {
        Map<Long, String> domains = new HashMap<>();
        glosses.forEach(gloss -> domains.put(gloss.id(), gloss.domain()));
        List<Edge> edges = new ArrayList<>();
        for (Gloss gloss : glosses) {
            for (long broader : gloss.broader()) {
                if (gloss.domain().equals(domains.get(broader))) {
                    edges.add(new Edge(gloss.domain(), gloss.id(), broader));
                }
            }
        }
        return edges;
    }

    private static final class Entry {
        private final Gloss gloss;
        private final float[] vector;

        Entry(Gloss gloss, float[] vector) {
            this.gloss = gloss;
            this.vector = vector;
        }

        Gloss gloss() {
            return gloss;
        }

        float[] vector() {
            return vector;
        }
    }

    private record Edge(String namespace, long source, long target) {}
}
