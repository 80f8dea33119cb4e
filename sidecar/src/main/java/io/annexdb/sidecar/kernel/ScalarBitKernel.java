package io.annexdb.sidecar.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** The specification of {@link BitKernel}. */
final class ScalarBitKernel implements BitKernel {
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final int bitBytes;

    ScalarBitKernel(int bitBytes) {
        this.bitBytes = bitBytes;
    }

    @Override
    public void score(long prepared, long codes, long stride, int[] slots, int n, float[] out) {
        for (int i = 0; i < n; i++) {
            long code = codes + slots[i] * stride;
            out[i] = estimate(prepared, code + bitBytes, sum(prepared + PLANES_AT, code));
        }
    }

    private int sum(long planes, long code) {
        int sum = 0;
        for (int plane = 0; plane < PLANES; plane++) {
            long levels = planes + (long) plane * BitKernel.planeBytes(bitBytes);
            int ones = 0;
            for (int at = 0; at < bitBytes; at += 8) {
                ones += Long.bitCount(ALL.get(LONG, code + at) & ALL.get(LONG, levels + at));
            }
            sum += ones << plane;
        }
        return sum;
    }

    /** From S and the four floats behind the bits. */
    private static float estimate(long prepared, long factors, int sum) {
        float alpha = ALL.get(FLOAT, prepared);
        float beta = ALL.get(FLOAT, prepared + 4);
        float gamma = ALL.get(FLOAT, prepared + 8);
        float constant = ALL.get(FLOAT, prepared + 12);
        float queryScale = ALL.get(FLOAT, prepared + 16);
        float product = alpha * sum + (beta * ALL.get(FLOAT, factors + 8) + gamma);
        return constant
                + ALL.get(FLOAT, factors)
                + ALL.get(FLOAT, factors + 4) * product
                - queryScale * ALL.get(FLOAT, factors + 12);
    }
}
