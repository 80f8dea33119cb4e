/**
 * What one shard stores besides its graph: keys, vectors, namespaces, tombstones, and their file
 * format with checksums. Called by the index. A file of an unknown version is refused, and the
 * index is rebuilt from the table.
 */
@NullMarked
package io.annexdb.sidecar.segment;

import org.jspecify.annotations.NullMarked;
