/**
 * A whole Annex for one machine, in one folder: an embedded PostgreSQL, the migrations, a sidecar
 * as a process of its own. {@link io.annexdb.benchmarks.server.DevelopmentServer} starts and stops
 * all of it in order. For development and for the demo; what it leaves out is what keeps a service
 * running.
 */
@NullMarked
package io.annexdb.benchmarks.server;

import org.jspecify.annotations.NullMarked;
