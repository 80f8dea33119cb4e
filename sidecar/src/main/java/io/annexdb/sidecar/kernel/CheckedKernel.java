package io.annexdb.sidecar.kernel;

/**
 * A kernel that looks before it reads: for tests, where a wrong slot is to be an error and not a
 * crash, or a wrong answer. Where it is switched off no kernel is wrapped, and nothing is paid.
 */
final class CheckedKernel implements Kernel {
    private final KernelKind kind;
    private final Kernel kernel;

    private CheckedKernel(KernelKind kind, Kernel kernel) {
        this.kind = kind;
        this.kernel = kernel;
    }

    /** The kernel, in checked mode wrapped. */
    static Kernel ifWanted(KernelKind kind, Kernel kernel) {
        return CheckMemory.IS_WANTED ? new CheckedKernel(kind, kernel) : kernel;
    }

    @Override
    public void score(
            long query,
            float queryScale,
            long base,
            long stride,
            long scales,
            int width,
            int[] slots,
            int n,
            float[] out) {
        if (n == 0) {
            return;
        }
        CheckMemory.Slots range = CheckMemory.Slots.of(kind, slots, n, out);
        range.readable("query", query, kind.queryElements().bytes(width));
        range.each("vectors", base, stride, kind.elements().bytes(width));
        if (kind.usesScales(queryScale)) {
            range.each("scales", scales, 4, 4);
        }
        kernel.score(query, queryScale, base, stride, scales, width, slots, n, out);
    }
}
