/**
 * Sockets, sessions, SCRAM authentication and cancel keys: one thread per connection. Called by the
 * root. What a statement means is the command package's business.
 */
@NullMarked
package io.annexdb.sidecar.wire;

import org.jspecify.annotations.NullMarked;
