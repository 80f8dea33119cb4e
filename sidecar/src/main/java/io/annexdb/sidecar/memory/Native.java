package io.annexdb.sidecar.memory;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Reads and writes native memory by address. One constant segment over everything, so that the
 * compiler sees plain loads and stores; whoever calls has the address from a {@link Slab} that is
 * kept open by a {@link ReaderGate}. Little-endian, as the files are.
 */
public final class Native {
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT =
            ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG =
            ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INTS = INT.varHandle();
    private static final VarHandle LONGS = LONG.varHandle();

    private Native() {}

    public static int getInt(long address) {
        return ALL.get(INT, address);
    }

    public static void putInt(long address, int value) {
        ALL.set(INT, address, value);
    }

    /** Whatever was written before the matching {@link #putIntRelease} is seen. */
    public static int getIntAcquire(long address) {
        return (int) INTS.getAcquire(ALL, address);
    }

    public static void putIntRelease(long address, int value) {
        INTS.setRelease(ALL, address, value);
    }

    /** Adds atomically; returns the sum. */
    public static int addInt(long address, int delta) {
        return (int) INTS.getAndAdd(ALL, address, delta) + delta;
    }

    public static long getLong(long address) {
        return ALL.get(LONG, address);
    }

    public static void putLong(long address, long value) {
        ALL.set(LONG, address, value);
    }

    public static long getLongAcquire(long address) {
        return (long) LONGS.getAcquire(ALL, address);
    }

    public static void putLongRelease(long address, long value) {
        LONGS.setRelease(ALL, address, value);
    }

    public static short getShort(long address) {
        return ALL.get(SHORT, address);
    }

    public static void putShort(long address, short value) {
        ALL.set(SHORT, address, value);
    }

    public static float getFloat(long address) {
        return ALL.get(FLOAT, address);
    }

    public static void putFloat(long address, float value) {
        ALL.set(FLOAT, address, value);
    }

    public static void putFloats(long address, float[] values, int count) {
        MemorySegment.copy(values, 0, ALL, FLOAT, address, count);
    }

    public static void getFloats(long address, float[] values, int count) {
        MemorySegment.copy(ALL, FLOAT, address, values, 0, count);
    }

    public static void getLongs(long address, long[] values, int count) {
        MemorySegment.copy(ALL, LONG, address, values, 0, count);
    }

    public static void getInts(long address, int[] values, int offset, int count) {
        MemorySegment.copy(ALL, INT, address, values, offset, count);
    }

    /**
     * Reads one byte of each cache line of some slots. Nothing waits for these loads, so their
     * misses overlap, as they hardly do where much is computed from one slot before the next. With
     * codes that makes searches a fifth to three quarters faster; with whole vectors, whose many
     * lines the processor fetches ahead itself, slower.
     *
     * @param bytes of each slot that are wanted
     * @return something that the caller must keep, or the compiler would leave the reads out
     */
    public static int touch(long base, long stride, long bytes, int[] slots, int n) {
        int touched = 0;
        for (int i = 0; i < n; i++) {
            long slot = base + slots[i] * stride;
            for (long at = 0; at < bytes; at += 64) {
                touched |= ALL.get(ValueLayout.JAVA_BYTE, slot + at);
            }
        }
        return touched;
    }

    public static void putBytes(long address, byte[] bytes, int offset, int count) {
        MemorySegment.copy(bytes, offset, ALL, ValueLayout.JAVA_BYTE, address, count);
    }

    public static void getBytes(long address, byte[] bytes, int offset, int count) {
        MemorySegment.copy(ALL, ValueLayout.JAVA_BYTE, address, bytes, offset, count);
    }

    public static byte getByte(long address) {
        return ALL.get(ValueLayout.JAVA_BYTE, address);
    }

    public static void putByte(long address, byte value) {
        ALL.set(ValueLayout.JAVA_BYTE, address, value);
    }

    public static void copy(long source, long target, long bytes) {
        MemorySegment.copy(ALL, source, ALL, target, bytes);
    }

    public static void clear(long address, long bytes) {
        ALL.asSlice(address, bytes).fill((byte) 0);
    }

    /** Whether both ranges hold the same bytes. */
    public static boolean same(long one, long other, long bytes) {
        return MemorySegment.mismatch(ALL, one, one + bytes, ALL, other, other + bytes) < 0;
    }
}
