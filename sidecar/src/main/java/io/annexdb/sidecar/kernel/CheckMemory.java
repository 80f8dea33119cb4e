package io.annexdb.sidecar.kernel;

import java.util.List;
import java.util.ServiceLoader;

/** What the kernels of checked mode ask before they read. */
final class CheckMemory {
    /** Constant, so that the compiler leaves out what is not wanted. */
    static final boolean IS_WANTED = Boolean.getBoolean("annex.kernel.checked");

    private static final List<AddressCheck> CHECKS =
            ServiceLoader.load(AddressCheck.class).stream()
                    .map(ServiceLoader.Provider::get)
                    .toList();

    private CheckMemory() {}

    /**
     * The least and the greatest slot of a call.
     *
     * @param kernel who reads, for the error
     */
    record Slots(Object kernel, int least, int most) {
        /** Of so many slots, at least one, whose distances fit into {@code out}. */
        static Slots of(Object kernel, int[] slots, int n, float[] out) {
            if (n < 1 || n > slots.length || n > out.length) {
                throw new IllegalArgumentException(
                        "%d of %d slots to %d distances".formatted(n, slots.length, out.length));
            }
            int least = slots[0];
            int most = slots[0];
            for (int i = 1; i < n; i++) {
                least = Math.min(least, slots[i]);
                most = Math.max(most, slots[i]);
            }
            return new Slots(kernel, least, most);
        }

        /** Checks so many bytes of each slot. */
        void each(String what, long base, long stride, long bytes) {
            readable(what, base + least * stride, (most - least) * stride + bytes);
        }

        void readable(String what, long address, long bytes) {
            for (AddressCheck check : CHECKS) {
                if (!check.isReadable(address, bytes)) {
                    throw new IllegalStateException(
                            ("%s over slots %d to %d: %,d bytes of %s at %x are in no committed"
                                            + " memory")
                                    .formatted(kernel, least, most, bytes, what, address));
                }
            }
        }
    }
}
