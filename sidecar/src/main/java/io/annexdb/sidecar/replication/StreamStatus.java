package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.Lsn;

import java.util.Optional;

/**
 * Where the stream stands.
 *
 * @param streaming whether changes are coming in
 * @param received end of the newest transaction or keepalive
 * @param error why it does not stream, or did not last time; empty once it streams
 * @param gap why the indexes may differ from their tables; the stream has ended then
 */
public record StreamStatus(
        boolean streaming, Lsn received, Optional<String> error, Optional<FailedCheck> gap) {}
