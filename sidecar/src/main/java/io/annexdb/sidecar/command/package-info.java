/**
 * The few statements the sidecar understands: text and parameters to a request, a result to rows.
 * Requests of the SQL functions carry a signature that is checked here. Called by the wire.
 */
@NullMarked
package io.annexdb.sidecar.command;

import org.jspecify.annotations.NullMarked;
