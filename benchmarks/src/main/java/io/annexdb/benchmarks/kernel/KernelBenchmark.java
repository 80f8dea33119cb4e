package io.annexdb.benchmarks.kernel;

import io.annexdb.sidecar.kernel.Kernel;
import io.annexdb.sidecar.kernel.KernelKind;
import io.annexdb.sidecar.kernel.Kernels;
import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.memory.NativeBuffer;
import io.annexdb.sidecar.memory.Slab;
import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.Metric;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * One query against batches of 64 vectors. Every batch is timed, because on a busy machine the
 * median says more than the mean.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class KernelBenchmark {
    static final int BATCH = 64;
    private static final int ROWS_HOT = 8;
    private static final int SLOTS = 1 << 20;
    private static final int TRANSLATING_CALLS = 1_500;
    private static final long BYTES_OF_RANDOM_ROWS = 256L << 20;

    /** Metric and element type, as {@code L2/FLOAT32}. */
    @Param({"L2/FLOAT32"})
    public String kind = "";

    @Param({"384"})
    public int dimension;

    /** Register width; 0 for the scalar specification. */
    @Param({"512"})
    public int bits;

    /** Whether rows come from all over an array that is larger than the caches. */
    @Param({"false", "true"})
    public boolean random;

    private Kernel kernel;
    private Slab rows;
    private Slab scales;
    private NativeBuffer query;
    private int width;
    private int[] slots;
    private int next;
    private final int[] batch = new int[BATCH];
    private final float[] out = new float[BATCH];

    /** Made by JMH, which calls {@link #fill} before anything else. */
    @SuppressWarnings("NullAway.Init")
    public KernelBenchmark() {}

    @Setup
    public void fill() {
        KernelKind parsed = parse(kind);
        kernel =
                bits == 0
                        ? Kernels.choose(0).of(parsed.metric(), parsed.elements())
                        : Kernels.simd(bits, parsed);
        width = Kernel.padded(dimension, parsed.elements());
        long stride = parsed.elements().bytes(width);
        int count = random ? (int) (BYTES_OF_RANDOM_ROWS / stride) : ROWS_HOT;
        MemoryBudget budget = new MemoryBudget(2 * BYTES_OF_RANDOM_ROWS);
        rows = new Slab(budget, "rows", stride, count);
        scales = new Slab(budget, "scales", Float.BYTES, count);
        rows.ensure(count);
        scales.ensure(count);
        query = new NativeBuffer(width * 4L);
        Random source = new Random(1);
        fill(parsed.queryElements(), query.address(), source);
        for (int row = 0; row < count; row++) {
            if (row < ROWS_HOT) {
                fill(parsed.elements(), rows.address(row), source);
            } else {
                Native.copy(rows.address(row % ROWS_HOT), rows.address(row), stride);
            }
            Native.putFloat(scales.address(row), dimension);
        }
        slots = source.ints(SLOTS, 0, count).toArray();
        translate();
    }

    /** Short vectors first, often enough for the compiler: boxed, long ones take too long. */
    private void translate() {
        int whole = width;
        width = Math.min(width, 4 * Kernel.padded(1, parse(kind).elements()));
        for (int i = 0; i < TRANSLATING_CALLS; i++) {
            score();
        }
        width = whole;
        next = 0;
    }

    @TearDown
    public void close() {
        rows.close();
        scales.close();
    }

    /** Scores a batch; the result's last distance keeps it alive. */
    @Benchmark
    public float score() {
        System.arraycopy(slots, next, batch, 0, BATCH);
        next = (next + BATCH) & (SLOTS - 1);
        kernel.score(
                query.address(),
                dimension,
                rows.base(),
                rows.strideBytes(),
                scales.base(),
                width,
                batch,
                BATCH,
                out);
        return out[BATCH - 1];
    }

    static KernelKind parse(String kind) {
        int slash = kind.indexOf('/');
        return new KernelKind(
                Metric.valueOf(kind.substring(0, slash)),
                ElementType.valueOf(kind.substring(slash + 1)));
    }

    private void fill(ElementType elements, long address, Random source) {
        for (int i = 0; i < elements.bytes(dimension); i += 4) {
            switch (elements) {
                case FLOAT32 -> Native.putFloat(address + i, (float) source.nextGaussian());
                case FLOAT16 -> {
                    Native.putShort(address + i, half(source));
                    Native.putShort(address + i + 2, half(source));
                }
                case INT8, BIT -> Native.putInt(address + i, source.nextInt());
            }
        }
    }

    private static short half(Random source) {
        return Float.floatToFloat16((float) source.nextGaussian());
    }
}
