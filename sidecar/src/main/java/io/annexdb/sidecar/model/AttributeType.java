package io.annexdb.sidecar.model;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The types of columns that an index keeps to filter by, with PostgreSQL's names and numbers. */
public enum AttributeType {
    BOOLEAN("bool", 16, Storage.NUMBER),
    SMALLINT("int2", 21, Storage.NUMBER),
    INTEGER("int4", 23, Storage.NUMBER),
    BIGINT("int8", 20, Storage.NUMBER),
    REAL("float4", 700, Storage.NUMBER),
    DOUBLE("float8", 701, Storage.NUMBER),
    /** A number if its scale is fixed and it has 18 digits at most, else bytes. */
    NUMERIC("numeric", 1700, Storage.BYTES),
    TEXT("text", 25, Storage.BYTES),
    VARCHAR("varchar", 1043, Storage.BYTES),
    CHARACTER("bpchar", 1042, Storage.BYTES),
    NAME("name", 19, Storage.BYTES),
    /** Days since 2000-01-01. */
    DATE("date", 1082, Storage.NUMBER),
    /** Microseconds since 2000-01-01. */
    TIMESTAMP("timestamp", 1114, Storage.NUMBER),
    /** Microseconds since 2000-01-01, UTC. */
    TIMESTAMPTZ("timestamptz", 1184, Storage.NUMBER),
    UUID("uuid", 2950, Storage.BYTES),
    SMALLINT_ARRAY("_int2", 1005, Storage.BYTES),
    INTEGER_ARRAY("_int4", 1007, Storage.BYTES),
    BIGINT_ARRAY("_int8", 1016, Storage.BYTES),
    TEXT_ARRAY("_text", 1009, Storage.BYTES),
    VARCHAR_ARRAY("_varchar", 1015, Storage.BYTES);

    /** How a value is kept. */
    public enum Storage {
        /** A long whose order is that of the values. */
        NUMBER,
        /** Canonical bytes: equal values have equal bytes. See {@link CanonicalValue}. */
        BYTES
    }

    private static final Map<String, AttributeType> BY_NAME =
            Arrays.stream(values())
                    .collect(Collectors.toMap(type -> type.catalogName, Function.identity()));

    private final String catalogName;
    private final long oid;
    private final Storage storage;

    AttributeType(String catalogName, long oid, Storage storage) {
        this.catalogName = catalogName;
        this.oid = oid;
        this.storage = storage;
    }

    public static Optional<AttributeType> ofCatalogName(String name) {
        return Optional.ofNullable(BY_NAME.get(name));
    }

    /** {@code pg_type.typname}. */
    public String catalogName() {
        return catalogName;
    }

    /** {@code pg_type.oid}. */
    public long oid() {
        return oid;
    }

    Storage storage() {
        return storage;
    }

    public boolean isArray() {
        return catalogName.startsWith("_");
    }
}
