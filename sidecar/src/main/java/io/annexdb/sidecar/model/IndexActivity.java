package io.annexdb.sidecar.model;

import org.jspecify.annotations.Nullable;

/**
 * What is being done for an index.
 *
 * @param phase for people, for example {@code copying}
 * @param rowsPerSecond rows of its tables read per second in this phase; 0 when that is not known
 * @param waitsFor whose transactions are waited for; null when for none
 */
public record IndexActivity(String phase, double rowsPerSecond, @Nullable String waitsFor) {}
