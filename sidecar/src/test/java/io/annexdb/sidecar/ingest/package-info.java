/**
 * The follower against a real PostgreSQL: whatever is written, interrupted or restarted, the
 * indexes end with exactly the rows of their tables. The table is the judge. Run by the ordinary
 * test command.
 */
@NullMarked
package io.annexdb.sidecar.ingest;

import org.jspecify.annotations.NullMarked;
