package io.annexdb.sidecar.replication;

/**
 * How large a table is.
 *
 * @param fileNode its file; another one after a rewrite or a truncate
 * @param blocks blocks of it; 0 where rows have no places in blocks
 */
public record TableExtent(long fileNode, long blocks) {}
