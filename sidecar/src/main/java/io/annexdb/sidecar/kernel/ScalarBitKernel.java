package io.annexdb.sidecar.kernel;

import static io.annexdb.sidecar.kernel.KernelMemory.getFloat;
import static io.annexdb.sidecar.kernel.KernelMemory.getLong;

/** The specification of {@link BitKernel}. */
final class ScalarBitKernel implements BitKernel {

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
                ones += Long.bitCount(getLong(code + at) & getLong(levels + at));
            }
            sum += ones << plane;
        }
        return sum;
    }

    /** From S and the four floats behind the bits. */
    private static float estimate(long prepared, long factors, int sum) {
        float alpha = getFloat(prepared);
        float beta = getFloat(prepared + 4);
        float gamma = getFloat(prepared + 8);
        float constant = getFloat(prepared + 12);
        float queryScale = getFloat(prepared + 16);
        float product = alpha * sum + (beta * getFloat(factors + 8) + gamma);
        return constant
                + getFloat(factors)
                + getFloat(factors + 4) * product
                - queryScale * getFloat(factors + 12);
    }
}
