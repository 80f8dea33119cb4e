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
    HNSWLIB(false),
    /** PostgreSQL with pgvector in a container, asked by JDBC. */
    PGVECTOR(true),
    /** Annex with its PostgreSQL and sidecar, asked by JDBC. */
    ANNEX_SQL(true);

    private static final String UNCHECKED = "-Djdk.incubator.vector.VECTOR_ACCESS_OOB_CHECK=0";

    private final boolean filters;

    EngineKind(boolean filters) {
        this.filters = filters;
    }

    /** The name after {@code --engines}. */
    public String engineName() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Whether a search can be limited to some rows. Version 0.6 of hnswlib cannot. */
    public boolean filters() {
        return filters;
    }

    /** Whether rows can be replaced while it is searched, through the benchmark's write face. */
    public boolean isLive() {
        return this == ANNEX;
    }

    /** Whether its searches run in a process that is not the engine's own, as in a database. */
    public boolean isServer() {
        return this == PGVECTOR || this == ANNEX_SQL;
    }

    /**
     * Flags of this engine's own JVM, before those of all. Both peers in Java compute with the
     * Vector API and gain from leaving out its bounds checks. JVector prefers its native kernels,
     * called once for each vector; with the Vector API it took two thirds of their processor time.
     */
    public List<String> jvmFlags() {
        return switch (this) {
            case LUCENE -> List.of(UNCHECKED);
            case JVECTOR -> List.of("-Djvector.vectorization_provider=panama", UNCHECKED);
            case ANNEX, HNSWLIB, PGVECTOR, ANNEX_SQL -> List.of();
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
