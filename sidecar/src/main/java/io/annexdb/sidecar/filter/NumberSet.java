package io.annexdb.sidecar.filter;

import java.util.Arrays;

/** Longs: ranges that do not overlap, in order. A class because of its arrays. */
final class NumberSet {
    static final NumberSet NONE = new NumberSet(new long[0], new long[0]);

    private final long[] firsts;
    private final long[] lasts;

    private NumberSet(long[] firsts, long[] lasts) {
        this.firsts = firsts;
        this.lasts = lasts;
    }

    /** From one number to another, both included; empty if the last is below the first. */
    static NumberSet range(long first, long last) {
        return first > last ? NONE : new NumberSet(new long[] {first}, new long[] {last});
    }

    static NumberSet of(long... numbers) {
        long[] sorted = Arrays.stream(numbers).sorted().distinct().toArray();
        return new NumberSet(sorted, sorted);
    }

    boolean isEmpty() {
        return firsts.length == 0;
    }

    /** Whether {@link #first} and {@link #last} say it all. */
    boolean isRange() {
        return firsts.length == 1;
    }

    long first() {
        return firsts[0];
    }

    long last() {
        return lasts[lasts.length - 1];
    }

    boolean contains(long number) {
        int at = Arrays.binarySearch(firsts, number);
        int range = at >= 0 ? at : -at - 2;
        return range >= 0 && number <= lasts[range];
    }
}
