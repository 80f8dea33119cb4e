package io.annexdb.sidecar.replication;

/**
 * A data type's name, for a domain that of its base type.
 *
 * @param oid OID in this database
 * @param schema its schema; empty for {@code pg_catalog}
 * @param name its name, for example {@code vector}
 */
public record TypeName(long oid, String schema, String name) {}
