package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.Lsn;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * One message of the pgoutput protocol, version 1 (PostgreSQL documentation, "Logical Replication
 * Message Formats"). Times are microseconds since 2000-01-01 UTC, as on the wire.
 */
sealed interface PgOutputMessage {
    /** {@code B}. The final LSN is where the commit record begins. */
    record Begin(Lsn finalLsn, long commitTime, int xid) implements PgOutputMessage {}

    /** {@code C}. The end LSN is where the commit record ends: the transaction's position. */
    record Commit(Lsn commitLsn, Lsn endLsn, long commitTime) implements PgOutputMessage {}

    /** {@code O}: the transaction was itself replicated from elsewhere. */
    record Origin(Lsn originLsn, String name) implements PgOutputMessage {}

    /** {@code R}: describes a relation before its next row. */
    record Description(
            long oid,
            String schema,
            String name,
            char replicaIdentity,
            List<DescribedColumn> columns)
            implements PgOutputMessage {
        public Description {
            columns = List.copyOf(columns);
        }
    }

    /** A column of {@code R}. */
    record DescribedColumn(boolean identity, String name, long typeOid, int typeModifier) {}

    /** {@code Y}: names a type that is not built in, before the {@code R} that uses it. */
    record Type(TypeName type) implements PgOutputMessage {}

    /** {@code I}. */
    record Insert(long relationOid, Tuple row) implements PgOutputMessage {}

    /**
     * {@code U}. The old tuple comes when the key changed, or always under REPLICA IDENTITY FULL.
     */
    record Update(long relationOid, @Nullable Tuple old, Tuple row) implements PgOutputMessage {}

    /** {@code D}. */
    record Delete(long relationOid, Tuple old) implements PgOutputMessage {}

    /** {@code T}. */
    record Truncate(List<Long> relationOids) implements PgOutputMessage {
        public Truncate {
            relationOids = List.copyOf(relationOids);
        }
    }

    /** {@code M}: written by {@code pg_logical_emit_message}; its content is not looked at. */
    record Logical(Lsn lsn, String prefix) implements PgOutputMessage {}
}
