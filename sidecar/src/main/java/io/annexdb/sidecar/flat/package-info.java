/**
 * Exact scan over slots, and nothing else. It is the judge of the graph's recall, the path of small
 * namespaces and of rows that are not yet linked. Called by the index.
 */
@NullMarked
package io.annexdb.sidecar.flat;

import org.jspecify.annotations.NullMarked;
