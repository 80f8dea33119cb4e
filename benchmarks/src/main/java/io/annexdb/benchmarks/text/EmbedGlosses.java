package io.annexdb.benchmarks.text;

import io.annexdb.benchmarks.progress.Progress;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Looks up the vectors of glosses in the cache, and computes and keeps those that are missing. */
public final class EmbedGlosses {
    private static final int BATCH = 256;

    private EmbedGlosses() {}

    /** The vectors of the glosses' definitions, in their order. */
    public static List<float[]> run(List<Gloss> glosses, EmbeddingCache cache, Embedder embedder)
            throws IOException {
        List<Gloss> missing =
                glosses.stream().filter(gloss -> cache.get(gloss.id()) == null).toList();
        if (!missing.isEmpty()) {
            computeAndKeep(missing, cache, embedder);
        }
        List<float[]> vectors = new ArrayList<>(glosses.size());
        for (Gloss gloss : glosses) {
            float[] vector = cache.get(gloss.id());
            if (vector == null) {
                throw new IllegalStateException("no vector for gloss " + gloss.id());
            }
            vectors.add(vector);
        }
        return vectors;
    }

    private static void computeAndKeep(List<Gloss> glosses, EmbeddingCache cache, Embedder embedder)
            throws IOException {
        try (Progress progress = Progress.start("Embed glosses", glosses.size())) {
            for (int from = 0; from < glosses.size(); from += BATCH) {
                List<Gloss> batch = glosses.subList(from, Math.min(from + BATCH, glosses.size()));
                List<float[]> vectors =
                        embedder.embedAll(batch.stream().map(Gloss::definition).toList());
                Map<Long, float[]> additions = new HashMap<>();
                for (int i = 0; i < batch.size(); i++) {
                    additions.put(batch.get(i).id(), vectors.get(i));
                }
                cache.putAll(additions);
                progress.advanceTo(from + batch.size());
            }
        }
    }
}
