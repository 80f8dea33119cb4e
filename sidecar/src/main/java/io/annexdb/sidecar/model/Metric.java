package io.annexdb.sidecar.model;

import java.util.Arrays;
import java.util.Locale;

/** What "near" means. Smaller is nearer for each of them. */
public enum Metric {
    /** 1 − cos(a, b), from 0 to 2. Zero vectors have none and are not indexed. */
    COSINE("cosine"),
    /** Euclidean distance, ‖a − b‖. */
    L2("l2"),
    /** Negative inner product, −a·b, so that smaller is nearer, as in pgvector. */
    INNER_PRODUCT("ip"),
    /** Sum of the absolute differences. */
    L1("l1"),
    /** Number of bits that differ. */
    HAMMING("hamming"),
    /**
     * 1 − |a ∧ b| / |a ∨ b| of bits, from 0 to 1. Vectors without a common one are at distance 1,
     * two zero vectors too, as in pgvector.
     */
    JACCARD("jaccard");

    private final String sqlName;

    Metric(String sqlName) {
        this.sqlName = sqlName;
    }

    /** The name in {@code annex.create_index(metric => …)}. */
    public String sqlName() {
        return sqlName;
    }

    /**
     * The metric of that SQL name, in any case of letters.
     *
     * @throws AnnexException {@link ErrorCode#INVALID_PARAMETER_VALUE} if there is none of that
     *     name
     */
    public static Metric ofSqlName(String sqlName) {
        return Arrays.stream(values())
                .filter(metric -> metric.sqlName.equals(sqlName.toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() ->
                        new AnnexException(
                                ErrorCode.INVALID_PARAMETER_VALUE,
                                "unknown metric \"" + sqlName + "\"",
                                "Use cosine, l2, ip, l1, hamming or jaccard."));
    }
}
