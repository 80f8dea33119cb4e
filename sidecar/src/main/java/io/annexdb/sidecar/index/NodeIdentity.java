package io.annexdb.sidecar.index;

import io.annexdb.sidecar.model.ServerIdentity;

/**
 * The stream that the positions of this directory belong to. With another slot, or where the
 * connect checks find the server's log to be another one, they mean nothing: {@link
 * IndexRegistry#forgetPositions}.
 *
 * @param server whose log it is
 * @param slotName name of the replication slot
 */
public record NodeIdentity(ServerIdentity server, String slotName) {}
