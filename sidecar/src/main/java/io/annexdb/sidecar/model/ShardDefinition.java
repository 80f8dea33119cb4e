package io.annexdb.sidecar.model;

/**
 * The part of an index that lives on this node: one index over one leaf relation. On a single
 * server that is the table itself, on Citus a shard, on a partitioned table a partition.
 *
 * @param index the index it belongs to
 * @param relationOid the relation's OID in this database (an unsigned 32-bit number)
 * @param relation the relation, schema-qualified and quoted
 */
public record ShardDefinition(IndexDefinition index, long relationOid, String relation) {
    public ShardKey key() {
        return new ShardKey(index.id(), relationOid);
    }
}
