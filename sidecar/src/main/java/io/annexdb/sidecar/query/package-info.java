/**
 * Turns a request into a result: waits for the asked position, searches the shards of the index,
 * merges their answers. Called by the command package. Limits on time and cancellation are kept
 * here.
 */
@NullMarked
package io.annexdb.sidecar.query;

import org.jspecify.annotations.NullMarked;
