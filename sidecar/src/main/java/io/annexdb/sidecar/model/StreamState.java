package io.annexdb.sidecar.model;

import org.jspecify.annotations.Nullable;

/**
 * How the sidecar follows its server, at one moment.
 *
 * @param streaming whether changes are coming in; false while connecting or when given up
 * @param slot name of the replication slot
 * @param flushed the newest flush position of the primary that this sidecar has heard of
 * @param error why it does not stream, for people; null while it does
 */
public record StreamState(boolean streaming, String slot, Lsn flushed, @Nullable String error) {}
