package io.annexdb.sidecar.replication;

/**
 * Which write-ahead log a position belongs to. Positions of another one mean nothing to us.
 *
 * @param systemIdentifier of the cluster, made by initdb
 * @param timeline rises with every promotion, from 1
 * @param databaseOid OID of the database
 */
public record ServerIdentity(String systemIdentifier, int timeline, long databaseOid) {}
