package io.annexdb.sidecar.index;

/**
 * The stream that the positions of this directory belong to. When any part differs, the positions
 * mean nothing and {@link IndexRegistry#reset} is due.
 *
 * @param systemIdentifier of the cluster, as {@code IDENTIFY_SYSTEM} gives it
 * @param timeline timeline of the server, from 1
 * @param databaseOid OID of the database
 * @param slotName name of the replication slot
 */
public record NodeIdentity(
        String systemIdentifier, int timeline, long databaseOid, String slotName) {}
