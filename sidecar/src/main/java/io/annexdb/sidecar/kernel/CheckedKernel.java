package io.annexdb.sidecar.kernel;

import java.util.List;
import java.util.ServiceLoader;

/**
 * A kernel that looks before it reads: for tests, where a wrong slot is to be an error and not a
 * crash, or a wrong answer. Where it is switched off no kernel is wrapped, and nothing is paid.
 */
final class CheckedKernel implements Kernel {
    /** Constant, so that the compiler leaves out what is not wanted. */
    private static final boolean IS_WANTED = Boolean.getBoolean("annex.kernel.checked");

    private static final List<AddressCheck> CHECKS =
            ServiceLoader.load(AddressCheck.class).stream()
                    .map(ServiceLoader.Provider::get)
                    .toList();

    private final KernelKind kind;
    private final Kernel kernel;

    private CheckedKernel(KernelKind kind, Kernel kernel) {
        this.kind = kind;
        this.kernel = kernel;
    }

    /** The kernel, in checked mode wrapped. */
    static Kernel ifWanted(KernelKind kind, Kernel kernel) {
        return IS_WANTED ? new CheckedKernel(kind, kernel) : kernel;
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
        if (n < 0 || n > slots.length || n > out.length) {
            throw new IllegalArgumentException(
                    "%d of %d slots to %d distances".formatted(n, slots.length, out.length));
        }
        int least = slots[0];
        int most = slots[0];
        for (int i = 1; i < n; i++) {
            least = Math.min(least, slots[i]);
            most = Math.max(most, slots[i]);
        }
        check("query", query, kind.queryElements().bytes(width), least, most);
        long bytes = kind.elements().bytes(width);
        check("vectors", base + least * stride, (most - least) * stride + bytes, least, most);
        if (kind.usesScales(queryScale)) {
            check("scales", scales + least * 4L, (most - least + 1) * 4L, least, most);
        }
        kernel.score(query, queryScale, base, stride, scales, width, slots, n, out);
    }

    private void check(String what, long address, long bytes, int least, int most) {
        for (AddressCheck check : CHECKS) {
            if (!check.isReadable(address, bytes)) {
                throw new IllegalStateException(
                        "%s over slots %d to %d: %,d bytes of %s at %x are in no committed memory"
                                .formatted(kind, least, most, bytes, what, address));
            }
        }
    }
}
