package io.annexdb.sidecar.model;

import java.util.Arrays;
import java.util.Locale;

/** By which codes an index finds its candidates, before exact distances decide. */
public enum Quantization {
    /** Chosen by metric and dimension. */
    AUTO("auto"),
    /** The vectors themselves. */
    NONE("none"),
    /** One byte per element. */
    SQ8("sq8"),
    /** One bit per element after a random rotation (RaBitQ, arXiv 2405.12497). */
    RABITQ("rabitq"),
    /** One byte per group of elements, by trained codebooks (product quantization). */
    PQ("pq");

    private final String sqlName;

    Quantization(String sqlName) {
        this.sqlName = sqlName;
    }

    /** The name in {@code options => '{"quantization": …}'}. */
    public String sqlName() {
        return sqlName;
    }

    /**
     * The quantization of that SQL name, in any case of letters.
     *
     * @throws AnnexException {@link ErrorCode#INVALID_PARAMETER_VALUE} if there is none of that
     *     name
     */
    public static Quantization ofSqlName(String sqlName) {
        return Arrays.stream(values())
                .filter(each -> each.sqlName.equals(sqlName.toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() ->
                        new AnnexException(
                                ErrorCode.INVALID_PARAMETER_VALUE,
                                "unknown quantization \"" + sqlName + "\"",
                                "Use auto, none, sq8, rabitq or pq."));
    }
}
