package io.annexdb.sidecar.kernel;

import static io.annexdb.sidecar.kernel.KernelMemory.getByte;
import static io.annexdb.sidecar.kernel.KernelMemory.getFloat;

/** The specification of {@link ByteKernel}. */
final class ScalarByteKernel implements ByteKernel {
    @Override
    public void score(
            long prepared, long codes, long stride, int bytes, int[] slots, int n, float[] out) {
        for (int i = 0; i < n; i++) {
            long code = codes + slots[i] * stride;
            double sum = 0;
            for (int at = 0; at < bytes; at++) {
                sum += (double) getFloat(prepared + WEIGHTS_AT + at * 4L) * getByte(code + at);
            }
            out[i] = (float) sum;
        }
        ByteKernel.finish(prepared, codes + bytes, stride, slots, n, out);
    }
}
