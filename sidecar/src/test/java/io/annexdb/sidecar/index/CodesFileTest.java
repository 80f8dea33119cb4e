package io.annexdb.sidecar.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.model.Neighbor;
import io.annexdb.sidecar.model.Quantization;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.segment.Codes;
import io.annexdb.sidecar.segment.Segment;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;

/** After a restart searches go by the same codes as before, from the first one on. */
class CodesFileTest {
    private static final int DIMENSION = 48;
    private static final int ROWS = 3_000;

    @TempDir Path directory;

    @ParameterizedTest
    @CsvSource({
        "HNSW,SQ8,COSINE",
        "HNSW,RABITQ,L2",
        "HNSW,PQ,INNER_PRODUCT",
        "FLAT,SQ8,L2",
        "FLAT,RABITQ,COSINE",
        "FLAT,PQ,L2"
    })
    void aRestartTrainsNothing(Method method, Quantization quantization, Metric metric)
            throws Exception {
        ShardDefinition shard =
                Fixture.shard(metric, ElementType.FLOAT32, method, quantization, DIMENSION);
        float[][] vectors = Fixture.embedded(new Random(3), ROWS + 50, DIMENSION, 8);
        List<List<Neighbor>> before = List.of();
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(directory))) {
            VectorIndex index = Fixture.ready(registry, shard);
            for (int i = 0; i < ROWS; i++) {
                index.upsert(Fixture.key(i), null, vectors[i]);
            }
            index.commit(new Lsn(200));
            registry.advanceApplied(new Lsn(200));
            Fixture.awaitLinked(index);
        }
        for (int restart = 0; restart < 2; restart++) {
            try (IndexRegistry registry =
                    IndexRegistry.open(IndexSettings.of(directory).withLinkerThreads(1))) {
                VectorIndex index = registry.openOrCreate(shard);
                Segment segment = Objects.requireNonNull(index.store().rows().generation()).segment;
                Codes codes = segment.enterCodes();
                assertNotNull(codes, "codes are there before anybody could have trained them");
                Objects.requireNonNull(codes).exit();
                assertEquals(0, index.status().freshRows());
                List<List<Neighbor>> answers = answers(index, vectors);
                assertEquals(restart == 0 ? answers : before, answers);
                before = answers;
            }
        }
    }

    private static List<List<Neighbor>> answers(VectorIndex index, float[][] vectors) {
        List<List<Neighbor>> answers = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            answers.add(Fixture.search(index, vectors[ROWS + i], 10, 40));
        }
        return answers;
    }
}
