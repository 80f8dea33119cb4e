/**
 * How long a distance takes, kernel by kernel, measured by JMH. Called by the command line, as
 * {@code annex bench kernels}. Imports the sidecar's kernels and native memory.
 */
@NullMarked
package io.annexdb.benchmarks.kernel;

import org.jspecify.annotations.NullMarked;
