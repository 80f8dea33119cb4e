package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.AnnexException;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.Optional;

/**
 * A relation as the stream described it before its next row: never looked up in today's catalog,
 * which may be ahead of the stream.
 *
 * @param oid OID of the relation
 * @param schema its schema; empty for {@code pg_catalog}
 * @param name its name, unquoted
 * @param replicaIdentity {@code d} default, {@code n} nothing, {@code f} full, {@code i} index
 * @param columns in the order of every tuple
 */
public record Relation(
        long oid, String schema, String name, char replicaIdentity, List<Column> columns) {
    /**
     * One column.
     *
     * @param name its name, unquoted
     * @param type how to decode it; empty when Annex does not know the type
     * @param typeOid OID of its type in this database
     * @param typeName the type's name where the stream gave it, that is, for types not built in
     * @param identity whether it is part of the replica identity
     */
    public record Column(
            String name,
            Optional<ColumnType> type,
            long typeOid,
            @Nullable TypeName typeName,
            boolean identity) {
        /**
         * The type.
         *
         * @throws AnnexException CONFIGURATION, naming the supported types
         */
        public ColumnType requireType() {
            return type.orElseThrow(() -> ColumnType.unsupported(name, typeOid, typeName));
        }
    }

    public Relation {
        columns = List.copyOf(columns);
    }

    /** Position of the column of that name, or -1. */
    public int indexOf(String column) {
        for (int i = 0; i < columns.size(); i++) {
            if (columns.get(i).name().equals(column)) {
                return i;
            }
        }
        return -1;
    }
}
