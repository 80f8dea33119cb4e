package io.annexdb.benchmarks.ann.engine;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** The engines by name. */
public enum EngineKind {
    /** The sidecar's index, as the sidecar runs it. */
    ANNEX(true),
    /** Apache Lucene, float HNSW. */
    LUCENE(true),
    /** JVector, float graph. */
    JVECTOR(true),
    /** The C++ reference, of Debian's package libhnswlib-dev. */
    HNSWLIB(false);

    private final boolean filters;

    EngineKind(boolean filters) {
        this.filters = filters;
    }

    /** The name after {@code --engines}. */
    public String engineName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Whether a search can be limited to some rows. Version 0.6 of hnswlib cannot. */
    public boolean filters() {
        return filters;
    }

    /**
     * Flags of this engine's own JVM, before those of all. JVector prefers its native kernels,
     * called once for each vector; with the Vector API it took two thirds of their processor time.
     */
    List<String> jvmFlags() {
        return switch (this) {
            case JVECTOR -> List.of("-Djvector.vectorization_provider=panama");
            case ANNEX, LUCENE, HNSWLIB -> List.of();
        };
    }

    /**
     * The engine of that name, in any case of letters.
     *
     * @throws AnnexException {@link ErrorCode#INVALID_PARAMETER_VALUE} when there is none
     */
    public static EngineKind ofName(String name) {
        return Arrays.stream(values())
                .filter(kind -> kind.engineName().equals(name.strip().toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() ->
                        new AnnexException(
                                ErrorCode.INVALID_PARAMETER_VALUE,
                                "unknown engine \"" + name + "\"",
                                "Use one or more of " + names() + ", separated by commas."));
    }

    private static String names() {
        return List.of(values()).stream()
                .map(EngineKind::engineName)
                .collect(Collectors.joining(", "));
    }
}
