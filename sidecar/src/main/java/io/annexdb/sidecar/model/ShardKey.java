package io.annexdb.sidecar.model;

/**
 * Names one shard's index on this node.
 *
 * @param indexId the catalog's number of the index
 * @param relationOid OID of the leaf relation
 */
public record ShardKey(long indexId, long relationOid) {
    /** A directory name, for example {@code 7-16402}. */
    @Override
    public String toString() {
        return indexId + "-" + relationOid;
    }
}
