package io.annexdb.sidecar.replication;

import java.util.HashMap;
import java.util.Map;

/**
 * The relations and types that the stream has described so far. One per connection: the server
 * describes them anew after each start.
 */
final class RelationCache {
    private static final int ENTRIES_MAX = 1 << 20;

    private final Map<Long, Relation> relations = new HashMap<>();
    private final Map<Long, TypeName> types = new HashMap<>();

    void name(TypeName type) {
        if (types.size() >= ENTRIES_MAX) {
            throw MessageReader.violation("more than " + ENTRIES_MAX + " types described");
        }
        types.put(type.oid(), type);
    }

    void describe(PgOutputMessage.Description message) {
        if (relations.size() >= ENTRIES_MAX) {
            throw MessageReader.violation("more than " + ENTRIES_MAX + " relations described");
        }
        relations.put(
                message.oid(),
                new Relation(
                        message.oid(),
                        message.schema(),
                        message.name(),
                        message.replicaIdentity(),
                        message.columns().stream().map(this::column).toList()));
    }

    /** The relation of a row that must have so many columns. */
    Relation relation(long oid, Tuple tuple) {
        Relation relation = relations.get(oid);
        if (relation == null) {
            throw MessageReader.violation("a row of relation " + oid + ", which was not described");
        }
        if (relation.columns().size() != tuple.size()) {
            throw MessageReader.violation(
                    "a row of "
                            + relation.name()
                            + " has "
                            + tuple.size()
                            + " columns, described were "
                            + relation.columns().size());
        }
        return relation;
    }

    private Relation.Column column(PgOutputMessage.DescribedColumn column) {
        TypeName name = types.get(column.typeOid());
        return new Relation.Column(
                column.name(),
                ColumnType.of(column.typeOid(), name),
                column.typeOid(),
                name,
                column.identity());
    }
}
