package io.annexdb.benchmarks.kernel;

import io.annexdb.sidecar.kernel.BitKernel;
import io.annexdb.sidecar.kernel.BitKernels;
import io.annexdb.sidecar.kernel.ByteKernel;
import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.memory.NativeBuffer;
import io.annexdb.sidecar.memory.Slab;

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
import java.util.stream.Stream;

/** As {@link KernelBenchmark}, of the kernels that estimate distances from codes. */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class CodeKernelBenchmark {
    private static final int ROWS_HOT = 8;
    private static final int SLOTS = 1 << 20;
    private static final long BYTES_OF_RANDOM_ROWS = 256L << 20;

    /** BITS of rabitq, or BYTES of sq8. */
    @Param({"BITS/CODES"})
    public String codes = "";

    @Param({"384"})
    public int dimension;

    /** Register width; 0 for the scalar specification. */
    @Param({"512"})
    public int bits;

    /** Whether codes come from all over an array that is larger than the caches. */
    @Param({"false", "true"})
    public boolean random;

    private Score score;
    private Slab rows;
    private NativeBuffer prepared;
    private int[] slots;
    private int next;
    private final int[] batch = new int[KernelBenchmark.BATCH];
    private final float[] out = new float[KernelBenchmark.BATCH];

    /** Either kernel. */
    private interface Score {
        void run(long prepared, long codes, long stride, int[] slots, int n, float[] out);
    }

    /** Made by JMH, which calls {@link #fill} before anything else. */
    @SuppressWarnings("NullAway.Init")
    public CodeKernelBenchmark() {}

    @Setup
    public void fill() {
        boolean ofBits = codes.startsWith("BITS");
        int elementBytes = ofBits ? (dimension + 63) / 64 * 8 : ByteKernel.padded(dimension);
        score = ofBits ? bitKernel(elementBytes) : byteKernel(elementBytes);
        long stride = Slab.cacheLines(elementBytes + BitKernel.FACTOR_BYTES);
        int count = random ? (int) (BYTES_OF_RANDOM_ROWS / stride) : ROWS_HOT;
        rows = new Slab(new MemoryBudget(2 * BYTES_OF_RANDOM_ROWS), "codes", stride, count + 1L);
        rows.ensure(count + 1L);
        prepared = new NativeBuffer(1024 + 4L * dimension);
        Random source = new Random(1);
        for (long at = 0; at + 8 <= prepared.bytes(); at += 8) {
            Native.putFloat(prepared.address() + at, source.nextFloat());
        }
        for (long at = 0; at < count * stride; at += 8) {
            Native.putLong(rows.base() + at, source.nextLong() & 0x3F7F_FFFF_3F7F_FFFFL);
        }
        slots = source.ints(SLOTS, 0, count).toArray();
    }

    static Stream<String> names() {
        return Stream.of("BITS/CODES", "BYTES/CODES");
    }

    private Score bitKernel(int bitBytes) {
        BitKernel kernel = BitKernels.bits(bits, bitBytes);
        return kernel::score;
    }

    private Score byteKernel(int bytes) {
        ByteKernel kernel = BitKernels.bytes(bits);
        return (query, base, stride, from, n, into) ->
                kernel.score(query, base, stride, bytes, from, n, into);
    }

    @TearDown
    public void close() {
        rows.close();
    }

    /** Scores a batch; the result's last distance keeps it alive. */
    @Benchmark
    public float score() {
        System.arraycopy(slots, next, batch, 0, batch.length);
        next = (next + batch.length) & (SLOTS - 1);
        score.run(prepared.address(), rows.base(), rows.strideBytes(), batch, batch.length, out);
        return out[batch.length - 1];
    }
}
