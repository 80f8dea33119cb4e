/**
 * Off-heap slabs with an owner, a stride and a limit, and mapped files. The only place that opens
 * arenas or maps files. Called by the algorithms and the segment; imports nothing of the project
 * but values.
 */
@NullMarked
package io.annexdb.sidecar.memory;

import org.jspecify.annotations.NullMarked;
