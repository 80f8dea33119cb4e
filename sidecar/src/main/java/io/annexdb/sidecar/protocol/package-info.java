/**
 * Messages of the PostgreSQL protocol, version 3, to and from bytes. No sockets, no threads, no
 * clocks: the same bytes give the same values. Every length is bounded before it is believed.
 */
@NullMarked
package io.annexdb.sidecar.protocol;

import org.jspecify.annotations.NullMarked;
