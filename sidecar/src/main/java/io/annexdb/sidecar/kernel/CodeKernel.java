package io.annexdb.sidecar.kernel;

/**
 * What trained codes are made and searched with: products with many centroids at once, the best of
 * them, and scans of short codes by lookup tables. Native memory only; nothing is checked here.
 *
 * <p><b>Centroids</b> lie transposed in groups of {@link #GROUP}: a group is {@code 1 + dimension}
 * rows of {@value #GROUP} floats. Row 0 is the centroids' <em>bias</em>, row 1 + d their component
 * d. With a bias of −½‖c‖² the greatest sum of bias and product is that of the nearest centroid,
 * for ‖p − c‖² = ‖p‖² − 2 (p·c − ½‖c‖²). A group that is not full is filled up with zeros and a
 * bias of {@link #NOBODY}.
 *
 * <p><b>Blocks</b> hold {@link #BLOCK} codes of 4 bits a segment, as in André, Kermarrec and Le
 * Scouarnec, "Cache locality is not enough" (VLDB 2015): column c is 64 bytes, byte p of it the
 * code at place p in segment 2c (low half) and 2c + 1 (high half), so that one register of codes
 * meets one register of table.
 */
public interface CodeKernel {
    /** Centroids of a group. */
    int GROUP = 16;

    /** Codes of a block, and bytes of a column. */
    int BLOCK = 64;

    /** Bytes of a segment's table in {@link #scan}. */
    int TABLE = 16;

    /** Bias of a place in a group that holds no centroid. */
    float NOBODY = -Float.MAX_VALUE;

    /** Bytes of so many centroids. */
    static long centroidBytes(int count, int dimension) {
        return (long) groups(count) * groupBytes(dimension);
    }

    static int groups(int count) {
        return (count + GROUP - 1) / GROUP;
    }

    static long groupBytes(int dimension) {
        return (1L + dimension) * GROUP * 4;
    }

    /** Address of a centroid's bias; component d lies (1 + d) · 64 bytes behind. */
    static long centroid(long centroids, int index, int dimension) {
        return centroids + (index / GROUP) * groupBytes(dimension) + (index % GROUP) * 4L;
    }

    /**
     * Index in a block's factors and slots of the code at a place: codes that lie side by side come
     * out of the sums 16 apart.
     */
    static int rank(int place) {
        return (place & 3) * (BLOCK / 4) + (place >> 2);
    }

    /**
     * Writes {@code weight · bias + point · c} for every centroid, as floats.
     *
     * @param point address of {@code dimension} floats
     * @param out address of {@code groups · 16} floats
     */
    void products(long point, int dimension, float weight, long centroids, int groups, long out);

    /**
     * Finds for each of n points the centroid of the greatest bias + product; of equal ones the
     * first.
     *
     * @param points address of the first point
     * @param stride bytes from point to point
     * @param best receives the centroids' indexes
     */
    void nearest(
            long points, long stride, int n, int dimension, long centroids, int groups, int[] best);

    /**
     * Estimates the distances of a block's codes:
     *
     * <pre>
     * out[r] = offset + added[r] + stretch[r] · (bias + step · Σ tables[segment][code])
     * </pre>
     *
     * with r = {@link #rank}(place).
     *
     * @param tables 16 bytes for each of the 2 · columns segments, no entry above 127, the greatest
     *     sum not above 65,535; 64 bytes behind are read too
     * @param codes address of the columns, 64 bytes each
     * @param factors address of 64 floats <em>added</em>, then 64 floats <em>stretch</em>
     * @param bound estimates below it are told
     * @param out address of 64 floats
     * @return a bit for each r whose estimate is below the bound
     */
    long scan(
            long tables,
            long codes,
            int columns,
            long factors,
            float offset,
            float bias,
            float step,
            float bound,
            long out);
}
