package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.IndexDefinition;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.replication.Relation;
import io.annexdb.sidecar.replication.RelationFacts;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Says whether a relation can be followed, before it is published: a publication of a table without
 * a usable replica identity would make its users' updates fail. Pure.
 */
final class ShardCheck {
    private ShardCheck() {}

    /** Why the shard cannot be indexed, with the remedy; empty when it can. */
    static Optional<String> obstacle(ShardDefinition shard, RelationFacts facts) {
        if (!facts.permanent()) {
            return Optional.of(
                    shard.relation()
                            + " is unlogged or temporary, its changes are not replicated. ALTER"
                            + " TABLE … SET LOGGED");
        }
        Set<String> identity = new HashSet<>(facts.identityColumns());
        if (identity.isEmpty()) {
            return Optional.of(
                    shard.relation()
                            + " has no usable replica identity. Give it a primary key, or ALTER"
                            + " TABLE … REPLICA IDENTITY USING INDEX");
        }
        if (!identity.equals(new HashSet<>(shard.index().keyColumns()))) {
            return Optional.of(
                    "the key of "
                            + shard.relation()
                            + " is now "
                            + facts.identityColumns()
                            + ", the index has "
                            + shard.index().keyColumns()
                            + ". Drop the index and create it again");
        }
        return unreadable(shard, facts);
    }

    /** The relation as COPY delivers it: the index's columns only. */
    static Relation copied(ShardDefinition shard, RelationFacts facts) {
        Set<String> names = columns(shard.index());
        return new Relation(
                facts.oid(),
                "",
                shard.relation(),
                facts.replicaIdentity(),
                facts.columns().stream().filter(each -> names.contains(each.name())).toList());
    }

    /** The columns an index needs. */
    static Set<String> columns(IndexDefinition index) {
        List<String> names = new ArrayList<>(index.keyColumns());
        names.add(index.column());
        if (index.namespaceColumn() != null) {
            names.add(index.namespaceColumn());
        }
        index.include().forEach(column -> names.add(column.name()));
        return new HashSet<>(names);
    }

    /**
     * Whether an index built for one definition serves the other too: names may change, what the
     * vectors are and how they are linked may not.
     */
    static boolean sameStructure(IndexDefinition one, IndexDefinition other) {
        return one.column().equals(other.column())
                && one.elements() == other.elements()
                && one.metric() == other.metric()
                && one.method() == other.method()
                && one.keyColumns().equals(other.keyColumns())
                && java.util.Objects.equals(one.namespaceColumn(), other.namespaceColumn())
                && (one.dimension() == other.dimension() || one.dimension() == 0)
                && one.include().equals(other.include())
                && one.options().equals(other.options());
    }

    private static Optional<String> unreadable(ShardDefinition shard, RelationFacts facts) {
        try {
            new RowReader(shard.index(), copied(shard, facts)).relation();
            return Optional.empty();
        } catch (AnnexException e) {
            return Optional.of(
                    e.hint()
                            .map(hint -> e.getMessage() + ". " + hint)
                            .orElse(String.valueOf(e.getMessage())));
        }
    }
}
