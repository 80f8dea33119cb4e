package io.annexdb.sidecar.model;

/**
 * Which write-ahead log a position belongs to. Positions of another one mean nothing to us.
 *
 * @param systemIdentifier of the cluster, made by initdb; a physical copy has the same
 * @param group node group in Citus, which tells a clone that became a worker from the worker that
 *     it was copied from; 0 on a coordinator and without Citus
 * @param databaseOid OID of the database
 * @param history the server's timeline and where it came from
 */
public record ServerIdentity(
        String systemIdentifier, int group, long databaseOid, TimelineHistory history) {
    /** Whether both are one database of one node, on whichever timeline. */
    public boolean isSameNode(ServerIdentity other) {
        return systemIdentifier.equals(other.systemIdentifier)
                && group == other.group
                && databaseOid == other.databaseOid;
    }

    @Override
    public String toString() {
        return "system %s, group %d, database %d, timeline %s"
                .formatted(systemIdentifier, group, databaseOid, history.text());
    }
}
