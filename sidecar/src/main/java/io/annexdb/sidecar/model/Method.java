package io.annexdb.sidecar.model;

import java.util.Arrays;
import java.util.Locale;

/** How an index finds neighbours. */
public enum Method {
    /** Exact scan while the shard is small, graph search beyond. */
    AUTO("auto"),
    /** Hierarchical navigable small world graph. */
    HNSW("hnsw"),
    /** Exact scan, recall 1. */
    FLAT("flat"),
    /** Inverted lists of product codes: for the largest, coldest data. */
    IVFPQ("ivfpq");

    private final String sqlName;

    Method(String sqlName) {
        this.sqlName = sqlName;
    }

    /** The name in {@code annex.create_index(method => …)}. */
    public String sqlName() {
        return sqlName;
    }

    /**
     * The method of that SQL name, in any case of letters.
     *
     * @throws AnnexException {@link ErrorCode#INVALID_PARAMETER_VALUE} if there is none of that
     *     name
     */
    public static Method ofSqlName(String sqlName) {
        return Arrays.stream(values())
                .filter(method -> method.sqlName.equals(sqlName.toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() ->
                        new AnnexException(
                                ErrorCode.INVALID_PARAMETER_VALUE,
                                "unknown method \"" + sqlName + "\"",
                                "Use auto, hnsw, flat or ivfpq."));
    }
}
