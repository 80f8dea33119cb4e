package io.annexdb.sidecar.segment;

import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.memory.Slab;
import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.Metric;

import org.jspecify.annotations.Nullable;

import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The vectors of a shard, as they came. Slot {@code i} begins on a cache line and is padded with
 * zeros to whole cache lines, as the kernels want it. Elements take the room that they take in the
 * column: a {@code halfvec}'s two bytes, a {@code bit}'s one bit.
 *
 * <p>Beside each vector lies its <em>scale</em>. Under cosine that is 1 / ‖v‖. Under inner product
 * it is a further component √(R² − ‖v‖²), which a query does not have: with it all vectors lie on a
 * sphere of radius R, and the nearest by inner product are the nearest by angle. So a graph can be
 * built whose neighbours are near in the sense of a metric (Bachrach et al., RecSys 2014); else the
 * longest vectors would be everybody's neighbours. R grows by steps when a longer vector comes.
 * Under Jaccard the scale is the number of ones.
 */
public final class VectorStore implements AutoCloseable {
    /** Squares beyond this, and below its inverse under cosine, leave the range of float32. */
    private static final double SQUARE_MAX = 1e36;

    private static final double SQUARE_LEAST_COSINE = 1e-30;
    private static final double RADIUS_STEP = 1.25;

    /** Vectors read since the last {@link #letGo}, from which on it is worth its while. */
    private static final int TOUCHED_MOST = 4096;

    private final Metric metric;
    private final ElementType elements;
    private final int dimension;
    private final int slotsMax;
    private final boolean isMapped;
    private final Slab vectors;
    private final Slab scales;
    private final AtomicInteger touched = new AtomicInteger();
    private volatile boolean extreme;
    private volatile double normMax;
    private volatile double normLeast = Double.POSITIVE_INFINITY;

    /** R; for the writer. */
    private double radius;

    /**
     * @param mapped the directory on whose disk the vectors lie; null for memory
     */
    VectorStore(
            Metric metric,
            ElementType elements,
            int dimension,
            MemoryBudget budget,
            @Nullable Path mapped) {
        this.metric = metric;
        this.elements = elements;
        this.dimension = dimension;
        long stride = Slab.cacheLines(elements.bytes(dimension));
        this.slotsMax =
                (int)
                        Math.min(
                                Segment.SLOTS_MAX,
                                budget.limitBytes() / (mapped == null ? stride : RowTable.ROW_BYTES)
                                        + 1);
        this.isMapped = mapped != null;
        this.vectors =
                mapped == null
                        ? new Slab(budget, "vectors of an index", stride, slotsMax)
                        : Slab.mapped(budget, "vectors of an index", stride, slotsMax, mapped);
        this.scales = new Slab(budget, "scales of an index", 4, slotsMax);
    }

    public Metric metric() {
        return metric;
    }

    public ElementType elements() {
        return elements;
    }

    public int dimension() {
        return dimension;
    }

    /** Number of elements of a padded vector. */
    public int width() {
        return (int) (vectors.strideBytes() * 8 / elements.bits());
    }

    /** Bytes of a query in the form that kernels want: float32 against float16. */
    public long queryBytes() {
        return elements == ElementType.FLOAT16 ? width() * 4L : vectors.strideBytes();
    }

    /** Writes a query in that form, padded. */
    public void putQuery(long address, float[] query) {
        Native.clear(address, queryBytes());
        VectorBytes.put(
                elements == ElementType.FLOAT16 ? ElementType.FLOAT32 : elements, address, query);
    }

    /** Whether a stored vector is a query as it lies there. */
    public boolean isQueryForm() {
        return elements != ElementType.FLOAT16;
    }

    /** What kernels want to know of a query besides, as {@link #scale} of a vector. */
    public float queryScale(float[] query) {
        return switch (metric) {
            case COSINE -> (float) (1 / Math.sqrt(square(query)));
            case JACCARD -> (float) square(query);
            case INNER_PRODUCT, L2, L1, HAMMING -> 0f;
        };
    }

    public long base() {
        return vectors.base();
    }

    public long strideBytes() {
        return vectors.strideBytes();
    }

    public long scales() {
        return scales.base();
    }

    public long address(int slot) {
        return vectors.address(slot);
    }

    /** The slot's scale, 0 where the metric has none. */
    public float scale(int slot) {
        return Native.getFloat(scales.address(slot));
    }

    /** Slots for which address space is there. */
    public int slotsMax() {
        return slotsMax;
    }

    /**
     * Whether a vector was stored whose distances overflow float32, or vanish in it. Then neither
     * kernels nor graph can order the rows, and only the exact distance in double precision does.
     */
    public boolean extreme() {
        return extreme;
    }

    /** Whether the vectors' lengths differ by more than a tenth. */
    public boolean unequalNorms() {
        return normMax > normLeast * 1.1;
    }

    /** The largest ‖v‖ so far: the error of a product is relative to it. */
    public double normMax() {
        return normMax;
    }

    /** Memory of its own; mapped vectors take none. */
    public long bytes() {
        return (isMapped ? 0 : vectors.bytes()) + scales.bytes();
    }

    /** Counts vectors that were read here and there, whose pages are then in this process. */
    public void touch(int count) {
        if (isMapped) {
            touched.addAndGet(count);
        }
    }

    /** Whether so many pages are in the process that {@link #letGo} is worth its while. */
    public boolean isTouched() {
        return touched.get() > TOUCHED_MOST;
    }

    /** Takes the pages of mapped vectors out of the process. */
    public void letGo() {
        touched.set(0);
        vectors.letGo();
    }

    /**
     * Makes room for so many slots.
     *
     * @throws io.annexdb.sidecar.model.AnnexException OUT_OF_RESOURCES beyond the limit
     */
    public void ensure(int slots) {
        vectors.ensure(slots);
        scales.ensure(slots);
    }

    /** Takes the memory of some slots from the system, beside the writer; see {@link Slab}. */
    public void populate(int first, int end) {
        vectors.populate(first, end);
    }

    /** The vector of a slot. */
    public float[] get(int slot) {
        return VectorBytes.get(elements, vectors.address(slot), dimension);
    }

    /** Whether the slot has exactly this vector, which is of its dimension. */
    boolean holds(int slot, float[] vector) {
        return VectorBytes.same(elements, vectors.address(slot), vector);
    }

    void put(int slot, float[] vector) {
        VectorBytes.put(elements, vectors.address(slot), vector);
        double square = square(vector);
        if (isExtreme(metric, square)) {
            extreme = true;
        }
        double norm = Math.sqrt(square);
        if (norm > normMax) {
            normMax = norm;
        }
        if (norm < normLeast) {
            normLeast = norm;
        }
        Native.putFloat(scales.address(slot), scaleOf(norm));
    }

    private float scaleOf(double norm) {
        return switch (metric) {
            case COSINE -> (float) (1 / norm);
            case INNER_PRODUCT -> {
                if (norm > radius) {
                    radius = norm * RADIUS_STEP;
                }
                yield (float) Math.sqrt(radius * radius - norm * norm);
            }
            case JACCARD -> (float) (norm * norm);
            case L2, L1, HAMMING -> 0f;
        };
    }

    /** ‖v‖² in double precision: four sums, for one would wait for each addition. */
    public static double square(float[] vector) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int even = vector.length & -4;
        for (int i = 0; i < even; i += 4) {
            a += (double) vector[i] * vector[i];
            b += (double) vector[i + 1] * vector[i + 1];
            c += (double) vector[i + 2] * vector[i + 2];
            d += (double) vector[i + 3] * vector[i + 3];
        }
        for (int i = even; i < vector.length; i++) {
            a += (double) vector[i] * vector[i];
        }
        return a + b + (c + d);
    }

    /** Whether float32 cannot carry distances of a vector with this square. */
    public static boolean isExtreme(Metric metric, double square) {
        return square > SQUARE_MAX || (metric == Metric.COSINE && square < SQUARE_LEAST_COSINE);
    }

    @Override
    public void close() {
        vectors.close();
        scales.close();
    }
}
