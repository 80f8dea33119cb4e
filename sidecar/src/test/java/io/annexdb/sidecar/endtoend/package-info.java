/**
 * The whole path on real servers: table, stream, index, SQL function, rows. The judge is always the
 * table, by exact SQL.
 */
@NullMarked
package io.annexdb.sidecar.endtoend;

import org.jspecify.annotations.NullMarked;
