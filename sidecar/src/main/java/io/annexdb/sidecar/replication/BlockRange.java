package io.annexdb.sidecar.replication;

import java.util.ArrayList;
import java.util.List;

/**
 * Neighbouring blocks of a table's file: what one connection reads at a time.
 *
 * @param from the first
 * @param to behind the last; {@link #END} for all that come
 */
public record BlockRange(long from, long to) {
    /** Behind the last block that a table can have. */
    public static final long END = 0xFFFFFFFFL;

    /** All blocks. */
    public static final BlockRange ALL = new BlockRange(0, END);

    /** From 512 kB to 1 GB: whoever waits for the last part does not wait for long. */
    private static final long BLOCKS_MIN = 64;

    private static final long BLOCKS_MAX = 131_072;
    private static final int PARTS_OF_EACH = 8;

    /**
     * Parts of a table for so many readers; the last one has what was added since its size was
     * looked up.
     *
     * @param blocks how many there were
     */
    public static List<BlockRange> split(long blocks, int readers) {
        long each = Math.clamp(blocks / ((long) readers * PARTS_OF_EACH), BLOCKS_MIN, BLOCKS_MAX);
        List<BlockRange> parts = new ArrayList<>();
        for (long from = 0; from == 0 || from < blocks; from += each) {
            parts.add(new BlockRange(from, from + each));
        }
        parts.add(new BlockRange(parts.removeLast().from, END));
        return parts;
    }

    /** As a condition of SQL: a scan of a range of row places, from PostgreSQL 14 on. */
    String condition() {
        String begin = "ctid >= '(%d,0)'::pg_catalog.tid".formatted(from);
        return to == END ? begin : begin + " AND ctid < '(%d,0)'::pg_catalog.tid".formatted(to);
    }
}
