/**
 * The client, the development server and the demo on the real thing: embedded PostgreSQL, a sidecar
 * as a process, nothing replaced. Searches run without fallback, so only the sidecar can answer
 * them. Exact distances computed here are the judge.
 */
@NullMarked
package io.annexdb.benchmarks.endtoend;

import org.jspecify.annotations.NullMarked;
