package io.annexdb.sidecar.memory;

import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * Which native memory is there, written down in the kernels' checked mode only: {@code
 * -Dannex.kernel.checked=true}.
 */
public final class NativeRanges {
    static final boolean IS_WANTED = Boolean.getBoolean("annex.kernel.checked");

    /** First address to the one behind the last. */
    private static final ConcurrentSkipListMap<Long, Long> RANGES = new ConcurrentSkipListMap<>();

    private NativeRanges() {}

    /** Whether all of so many bytes are committed memory of one slab, or of one buffer. */
    public static boolean covers(long address, long bytes) {
        Map.Entry<Long, Long> range = RANGES.floorEntry(address);
        return range != null && address + bytes <= range.getValue();
    }

    /** The memory from an address on is now so long. */
    static void put(long address, long bytes) {
        if (IS_WANTED) {
            RANGES.put(address, address + bytes);
        }
    }

    static void remove(long address) {
        if (IS_WANTED) {
            RANGES.remove(address);
        }
    }
}
