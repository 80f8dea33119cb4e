package io.annexdb.sidecar.index;

import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.IndexDefinition;
import io.annexdb.sidecar.model.IndexOptions;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.model.Neighbor;
import io.annexdb.sidecar.model.Quantization;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.model.ShardDefinition;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.Random;

/** Shards, vectors and the naive judge that the tests of this package share. */
final class Fixture {
    private Fixture() {}

    static ShardDefinition shard(Metric metric, Method method, int dimension) {
        ElementType elements =
                ElementType.BIT.supports(metric) ? ElementType.BIT : ElementType.FLOAT32;
        return shard(metric, elements, method, Quantization.AUTO, dimension);
    }

    static ShardDefinition shard(
            Metric metric,
            ElementType elements,
            Method method,
            Quantization quantization,
            int dimension) {
        return shard(metric, elements, method, new IndexOptions(16, 100, quantization), dimension);
    }

    static ShardDefinition shard(
            Metric metric,
            ElementType elements,
            Method method,
            IndexOptions options,
            int dimension) {
        return new ShardDefinition(
                new IndexDefinition(
                        7,
                        "docs_embedding",
                        "public.docs",
                        "embedding",
                        elements,
                        metric,
                        method,
                        List.of("id"),
                        "tenant",
                        dimension,
                        options),
                16402,
                "public.docs");
    }

    /** A new shard that is READY and empty. */
    static VectorIndex ready(IndexRegistry registry, ShardDefinition shard) {
        VectorIndex index = registry.openOrCreate(shard);
        index.beginLoad(new Lsn(100), 0);
        index.finishLoad();
        return index;
    }

    static RowKey key(int id) {
        return RowKey.of(Integer.toString(id));
    }

    /** Points around centres, as embeddings are: neither uniform nor separate. */
    static float[][] clustered(Random random, int rows, int dimension, int clusters) {
        float[][] centres = new float[clusters][];
        for (int i = 0; i < clusters; i++) {
            centres[i] = gaussian(random, dimension, 1f);
        }
        float[][] vectors = new float[rows][];
        for (int i = 0; i < rows; i++) {
            float[] vector = gaussian(random, dimension, 0.6f);
            float[] centre = centres[random.nextInt(clusters)];
            for (int j = 0; j < dimension; j++) {
                vector[j] += centre[j];
            }
            vectors[i] = vector;
        }
        return vectors;
    }

    /**
     * Clustered points of few degrees of freedom in a space of many dimensions, with some noise: so
     * codes have something to say about neighbours, as they have with embeddings.
     */
    static float[][] embedded(Random random, int rows, int dimension, int intrinsic) {
        float[][] axes = new float[intrinsic][];
        Random fixed = new Random(intrinsic);
        for (int i = 0; i < intrinsic; i++) {
            axes[i] = gaussian(fixed, dimension, (float) (1 / Math.sqrt(intrinsic)));
        }
        float[][] inner = clustered(random, rows, intrinsic, 40);
        float[][] vectors = new float[rows][];
        for (int i = 0; i < rows; i++) {
            vectors[i] = gaussian(random, dimension, 0.1f);
            for (int axis = 0; axis < intrinsic; axis++) {
                for (int j = 0; j < dimension; j++) {
                    vectors[i][j] += inner[i][axis] * axes[axis][j];
                }
            }
        }
        return vectors;
    }

    static float[] gaussian(Random random, int dimension, float deviation) {
        float[] vector = new float[dimension];
        for (int i = 0; i < dimension; i++) {
            vector[i] = (float) random.nextGaussian() * deviation;
        }
        return vector;
    }

    /** The distance by its definition, written down once more, as the judge. */
    static double distance(Metric metric, float[] a, float[] b) {
        double product = 0;
        double squares = 0;
        double sum = 0;
        double normA = 0;
        double normB = 0;
        for (int i = 0; i < a.length; i++) {
            product += (double) a[i] * b[i];
            squares += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
            sum += Math.abs((double) a[i] - b[i]);
            normA += (double) a[i] * a[i];
            normB += (double) b[i] * b[i];
        }
        return switch (metric) {
            case COSINE -> 1 - Math.max(-1, Math.min(1, product / Math.sqrt(normA * normB)));
            case L2 -> Math.sqrt(squares);
            case INNER_PRODUCT -> -product;
            case L1, HAMMING -> sum;
            case JACCARD -> product == 0 ? 1 : 1 - product / (normA + normB - product);
        };
    }

    /** The vector as a column of those elements would hold it; bits say which are positive. */
    static float[] stored(ElementType elements, float[] vector) {
        float[] stored = new float[vector.length];
        for (int i = 0; i < vector.length; i++) {
            stored[i] =
                    switch (elements) {
                        case FLOAT32 -> vector[i];
                        case FLOAT16 -> Float.float16ToFloat(Float.floatToFloat16(vector[i]));
                        case INT8 -> Math.round(vector[i]);
                        case BIT -> vector[i] > 0 ? 1 : 0;
                    };
        }
        return stored;
    }

    static List<Neighbor> search(VectorIndex index, float[] query, int k, int ef) {
        return search(index, query, k, ef, null);
    }

    static List<Neighbor> search(
            VectorIndex index, float[] query, int k, int ef, @Nullable String namespace) {
        return index.reads().search(query, k, ef, namespace, Double.POSITIVE_INFINITY, () -> false);
    }

    /** Share of the rows found that are as near as the exact answer's: ties do not matter. */
    static double recall(List<Neighbor> exact, List<Neighbor> found) {
        double farthest = exact.getLast().distance();
        return (double) found.stream().filter(each -> each.distance() <= farthest).count()
                / exact.size();
    }

    static void awaitLinked(VectorIndex index) throws InterruptedException {
        long deadline = System.nanoTime() + 120_000_000_000L;
        while (index.status().freshRows() > 0) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("still fresh after 120 s: " + index.status());
            }
            Thread.sleep(5);
        }
    }

    /** Everything is linked, trained and compacted, and no repair is under way. */
    static void awaitIdle(VectorIndex index) throws InterruptedException {
        awaitLinked(index);
        long deadline = System.nanoTime() + 60_000_000_000L;
        while (!index.background().isIdle()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("not idle after 60 s: " + index.status());
            }
            Thread.sleep(5);
        }
    }
}
