/**
 * The graph algorithms of Malkov and Yashunin (arXiv 1603.09320) and nothing else. Slots come in,
 * slots come out; who owns which row is known to the segment. Readers take no locks.
 */
@NullMarked
package io.annexdb.sidecar.hnsw;

import org.jspecify.annotations.NullMarked;
