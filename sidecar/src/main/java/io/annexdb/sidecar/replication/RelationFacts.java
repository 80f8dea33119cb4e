package io.annexdb.sidecar.replication;

import java.util.List;

/**
 * A relation as the catalog shows it now.
 *
 * @param oid its OID
 * @param permanent false for unlogged and temporary tables
 * @param replicaIdentity {@code d} default, {@code n} nothing, {@code f} full, {@code i} index
 * @param fileNode its file; another one after a rewrite or a truncate
 * @param estimatedRows the planner's estimate, 0 when it has none
 * @param identityColumns columns that name a row in the stream; empty when nothing does
 * @param columns those of the columns asked for that it has, without generated ones
 */
public record RelationFacts(
        long oid,
        boolean permanent,
        char replicaIdentity,
        long fileNode,
        long estimatedRows,
        List<String> identityColumns,
        List<Relation.Column> columns) {
    public RelationFacts {
        identityColumns = List.copyOf(identityColumns);
        columns = List.copyOf(columns);
    }
}
