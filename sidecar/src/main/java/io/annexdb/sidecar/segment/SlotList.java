package io.annexdb.sidecar.segment;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.function.IntPredicate;

/**
 * The slots of one namespace, in the order they came, with some that have gone. One writer. Readers
 * take {@link #slots} and its count again and again until nothing new is there.
 */
public final class SlotList {
    private static final VarHandle COUNT = MethodHandles.arrayElementVarHandle(int[].class);
    private static final int STALE_LEAST = 16;

    private final String name;
    private final int number;

    /** Cell 0 is the number of slots, which follow. */
    private volatile int[] cells = new int[4];

    private volatile int live;

    SlotList(String name, int number) {
        this.name = name;
        this.number = number;
    }

    String name() {
        return name;
    }

    /** The namespace's number, as in the row table. */
    public int number() {
        return number;
    }

    /** Rows of the namespace. */
    public int live() {
        return live;
    }

    /** The slots, from index 1; replaced by another array when it is full or mostly stale. */
    public int[] slots() {
        return cells;
    }

    /** How many slots the array holds by now. */
    public static int count(int[] slots) {
        return (int) COUNT.getAcquire(slots, 0);
    }

    void add(int slot) {
        int[] array = cells;
        int count = array[0];
        if (count + 1 == array.length) {
            array = Arrays.copyOf(array, Math.multiplyExact(array.length, 2));
        }
        array[count + 1] = slot;
        COUNT.setRelease(array, 0, count + 1);
        cells = array;
        setLive(live + 1);
    }

    /** One of the slots has gone; drops the gone ones when they are the most. */
    void gone(IntPredicate stays) {
        setLive(live - 1);
        int[] array = cells;
        if (array[0] - live > Math.max(STALE_LEAST, live)) {
            // A row that came back is listed twice.
            int[] kept =
                    Arrays.stream(array, 1, array[0] + 1)
                            .filter(stays)
                            .sorted()
                            .distinct()
                            .toArray();
            int[] next = new int[Math.max(4, kept.length * 2)];
            System.arraycopy(kept, 0, next, 1, kept.length);
            next[0] = kept.length;
            cells = next;
        }
    }

    private void setLive(int rows) {
        live = rows;
    }

    long bytes() {
        return cells.length * 4L;
    }
}
