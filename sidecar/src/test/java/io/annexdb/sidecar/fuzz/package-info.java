/**
 * What fuzzers share: seeded rounds with limits of time and memory, and mutations of valid inputs.
 * Used by the fuzz tests of every package. Knows nothing of what is fuzzed.
 */
@NullMarked
package io.annexdb.sidecar.fuzz;

import org.jspecify.annotations.NullMarked;
