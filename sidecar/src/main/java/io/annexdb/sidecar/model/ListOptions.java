package io.annexdb.sidecar.model;

/**
 * How an index of inverted lists is made; 0 stands for a choice by size.
 *
 * @param lists number of lists, <em>nlist</em>, up to 65,536
 * @param probes lists that a search looks into, <em>nprobe</em>, up to 65,536
 * @param bits of a segment's code, <em>nbits</em>, 4 or 8
 */
public record ListOptions(int lists, int probes, int bits) {
    /** Everything by size. */
    public static final ListOptions DEFAULT = new ListOptions(0, 0, 0);
}
