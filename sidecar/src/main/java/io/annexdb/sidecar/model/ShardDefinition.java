package io.annexdb.sidecar.model;

/**
 * The part of an index that lives on this node: one index over one leaf relation. On a single
 * server that is the table itself, on Citus a shard, on a partitioned table a partition.
 *
 * <p>The catalog gives an index another number when its rows cannot be relied on any more, so that
 * who asks for it finds none. What it was created as stays, and so its files are found again.
 *
 * @param index the index it belongs to
 * @param originId the number that the catalog gave the index first
 * @param relationOid the relation's OID in this database (an unsigned 32-bit number)
 * @param relation the relation, schema-qualified and quoted
 */
public record ShardDefinition(
        IndexDefinition index, long originId, long relationOid, String relation) {
    /** One whose index has the number that it had at first. */
    public ShardDefinition(IndexDefinition index, long relationOid, String relation) {
        this(index, index.id(), relationOid, relation);
    }

    /** What it is known by on this node, whatever number its index has. */
    public ShardKey key() {
        return new ShardKey(originId, relationOid);
    }
}
