package io.annexdb.sidecar.kernel;

/**
 * Kernels of codes that look before they read, as {@link CheckedKernel} does for vectors. Those of
 * inverted lists are not among them: their blocks lie in a mapped file, and are checked when it is
 * opened.
 */
final class CheckedCodes {
    private CheckedCodes() {}

    /** The kernel, in checked mode wrapped. */
    static BitKernel ifWanted(BitKernel kernel, int bitBytes) {
        return CheckMemory.IS_WANTED ? new Bits(kernel, bitBytes) : kernel;
    }

    /** The kernel, in checked mode wrapped. */
    static ByteKernel ifWanted(ByteKernel kernel) {
        return CheckMemory.IS_WANTED ? new Bytes(kernel) : kernel;
    }

    private record Bits(BitKernel kernel, int bitBytes) implements BitKernel {
        @Override
        public void score(long prepared, long codes, long stride, int[] slots, int n, float[] out) {
            if (n == 0) {
                return;
            }
            int planeBytes = BitKernel.planeBytes(bitBytes);
            CheckMemory.Slots range = CheckMemory.Slots.of(this, slots, n, out);
            range.readable("query", prepared, PLANES_AT + PLANES * (long) planeBytes);
            range.each("codes", codes, stride, Math.max(planeBytes, bitBytes + FACTOR_BYTES));
            kernel.score(prepared, codes, stride, slots, n, out);
        }
    }

    private record Bytes(ByteKernel kernel) implements ByteKernel {
        @Override
        public void score(
                long prepared,
                long codes,
                long stride,
                int bytes,
                int[] slots,
                int n,
                float[] out) {
            if (n == 0) {
                return;
            }
            CheckMemory.Slots range = CheckMemory.Slots.of(this, slots, n, out);
            range.readable("query", prepared, WEIGHTS_AT + bytes * 4L);
            range.each("codes", codes, stride, bytes + FACTOR_BYTES);
            kernel.score(prepared, codes, stride, bytes, slots, n, out);
        }
    }
}
