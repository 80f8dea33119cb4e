package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The column types that Annex reads: vectors, and what may be a key or a namespace. Built-in types
 * are known by OID (PostgreSQL's {@code pg_type.dat}) and, as the base of a domain, by name; types
 * of extensions by name only, because their OID differs from database to database.
 */
public enum ColumnType {
    BOOLEAN("bool", 16),
    BIGINT("int8", 20),
    NAME("name", 19),
    SMALLINT("int2", 21),
    INTEGER("int4", 23),
    TEXT("text", 25),
    OID("oid", 26),
    CHARACTER("bpchar", 1042),
    VARCHAR("varchar", 1043),
    DATE("date", 1082),
    TIMESTAMP("timestamp", 1114),
    TIMESTAMPTZ("timestamptz", 1184),
    UUID("uuid", 2950),
    REAL_ARRAY("_float4", 1021),
    BIT("bit", 1560),
    VARBIT("varbit", 1562),
    /** Of pgvector. */
    VECTOR("vector", 0),
    /** Of pgvector. */
    HALFVEC("halfvec", 0);

    private static final Map<Long, ColumnType> BY_OID =
            Arrays.stream(values())
                    .filter(type -> type.oid != 0)
                    .collect(Collectors.toMap(type -> type.oid, Function.identity()));
    private static final Map<String, ColumnType> BY_NAME =
            Arrays.stream(values())
                    .collect(Collectors.toMap(type -> type.catalogName, Function.identity()));

    private final String catalogName;
    private final long oid;

    ColumnType(String catalogName, long oid) {
        this.catalogName = catalogName;
        this.oid = oid;
    }

    /** The type of that OID, or of that name when it is not built in; empty if Annex has none. */
    public static Optional<ColumnType> of(long oid, @Nullable TypeName name) {
        ColumnType builtIn = BY_OID.get(oid);
        if (builtIn != null || name == null) {
            return Optional.ofNullable(builtIn);
        }
        ColumnType named = BY_NAME.get(name.name());
        boolean inCatalog = name.schema().isEmpty() || name.schema().equals("pg_catalog");
        return named != null && (named.oid == 0) != inCatalog
                ? Optional.of(named)
                : Optional.empty();
    }

    public boolean isVector() {
        return switch (this) {
            case REAL_ARRAY, BIT, VARBIT, VECTOR, HALFVEC -> true;
            case BOOLEAN,
                    BIGINT,
                    NAME,
                    SMALLINT,
                    INTEGER,
                    TEXT,
                    OID,
                    CHARACTER,
                    VARCHAR,
                    DATE,
                    TIMESTAMP,
                    TIMESTAMPTZ,
                    UUID ->
                    false;
        };
    }

    /** The refusal of a column whose type Annex does not read. */
    public static AnnexException unsupported(String column, long typeOid, @Nullable TypeName name) {
        return new AnnexException(
                ErrorCode.CONFIGURATION,
                "column \""
                        + column
                        + "\" has type "
                        + (name == null ? "with OID " + typeOid : name.name())
                        + ", which Annex cannot read",
                "Vectors may be real[], vector, halfvec or bit; keys and namespaces smallint,"
                        + " integer, bigint, oid, text, varchar, char, name, uuid, boolean, date,"
                        + " timestamp or timestamptz.");
    }
}
