package io.annexdb.sidecar.ivfpq;

import io.annexdb.sidecar.model.IndexOptions;

/**
 * What an index of inverted lists is made with; 0 stands for a choice by size.
 *
 * @param lists number of lists, <em>nlist</em>: by default 2 √rows
 * @param probes lists that a search looks into, <em>nprobe</em>: by default {@link #probes}
 * @param segments of a code, <em>m</em>: by default half the dimension with 4 bits, an eighth with
 *     8
 * @param bits of a segment's code, <em>nbits</em>, 4 or 8; by default 4
 */
public record ListSettings(int lists, int probes, int segments, int bits) {
    /** Everything by size. */
    public static final ListSettings DEFAULT = new ListSettings(0, 0, 0, 0);

    /** Fewer rows are scanned sooner than they are learned from. */
    private static final int ROWS_LEAST = 10_000;

    private static final int ROWS_PER_LIST = 40;
    private static final double PROBES_LEAST = 24;
    private static final double PROBES_PER_ROOT = 1.5;

    /** The settings of an index. */
    public static ListSettings of(IndexOptions options) {
        return new ListSettings(
                options.lists().lists(),
                options.lists().probes(),
                options.m(),
                options.lists().bits());
    }

    /** Lists for so many rows. */
    int listsFor(int rows) {
        int chosen = lists > 0 ? lists : (int) (2 * Math.sqrt(rows));
        return Math.max(1, Math.min(chosen, rows));
    }

    int segmentsFor(int dimension) {
        int chosen = segments > 0 ? segments : dimension / (bitsOrDefault() == 4 ? 2 : 8);
        return Math.max(1, Math.min(chosen, dimension));
    }

    int bitsOrDefault() {
        return bits > 0 ? bits : 4;
    }

    /** Rows from which on lists are worth their training. */
    public int rowsToTrain() {
        return (int)
                Math.min(Integer.MAX_VALUE, Math.max(ROWS_LEAST, (long) lists * ROWS_PER_LIST));
    }

    /**
     * Lists that a search looks into: those asked for, else one and a half times the square root of
     * their number, at least 24, for 100 candidates, and in proportion for more or fewer. In the
     * time of one list's scan hardly more than one row is reranked.
     */
    public int probes(int lists, int candidates) {
        double for100 = Math.max(PROBES_LEAST, PROBES_PER_ROOT * Math.sqrt(lists));
        long chosen = probes > 0 ? probes : (long) Math.ceil(candidates * for100 / 100);
        return (int) Math.max(1, Math.min(chosen, lists));
    }
}
