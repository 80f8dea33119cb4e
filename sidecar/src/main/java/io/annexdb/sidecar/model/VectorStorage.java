package io.annexdb.sidecar.model;

import java.util.Arrays;
import java.util.Locale;

/** Where an index keeps its full vectors. */
public enum VectorStorage {
    /** In memory of its own, within the sidecar's limit. */
    MEMORY("memory"),
    /**
     * In a mapped file: codes stay in memory, vectors in the system's cache as far as it has room.
     */
    MAPPED("mapped");

    private final String sqlName;

    VectorStorage(String sqlName) {
        this.sqlName = sqlName;
    }

    /** The name in {@code options => '{"vectors": …}'}. */
    public String sqlName() {
        return sqlName;
    }

    /**
     * The storage of that SQL name, in any case of letters.
     *
     * @throws AnnexException {@link ErrorCode#INVALID_PARAMETER_VALUE} if there is none of that
     *     name
     */
    public static VectorStorage ofSqlName(String sqlName) {
        return Arrays.stream(values())
                .filter(each -> each.sqlName.equals(sqlName.toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() ->
                        new AnnexException(
                                ErrorCode.INVALID_PARAMETER_VALUE,
                                "unknown storage of vectors \"" + sqlName + "\"",
                                "Use memory or mapped."));
    }
}
