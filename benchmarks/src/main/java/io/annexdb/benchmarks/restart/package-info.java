/**
 * {@code annex bench restart}: an index is built, closed and opened again, and the time is taken
 * until it answers as before. The files are those of a sidecar that was stopped. No PostgreSQL is
 * needed.
 */
@NullMarked
package io.annexdb.benchmarks.restart;

import org.jspecify.annotations.NullMarked;
