/**
 * Short codes of vectors, and distances estimated from them: trained once, then pure functions over
 * native memory. Called by the segment, which keeps the codes, and by the algorithms, which walk
 * over them; exact distances decide afterwards.
 */
@NullMarked
package io.annexdb.sidecar.quantization;

import org.jspecify.annotations.NullMarked;
