/**
 * Distance kernels over native memory. The scalar ones are the specification, the SIMD ones are
 * chosen once at start after a self-test. Dimensions and metrics are checked by the callers, never
 * in a loop.
 */
@NullMarked
package io.annexdb.sidecar.kernel;

import org.jspecify.annotations.NullMarked;
