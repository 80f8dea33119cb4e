/**
 * Takes changes from the stream at its own pace, applies them in commit order, and has the durable
 * position confirmed to the slot. Opens, fills and drops indexes as the catalog says. Started by
 * the root.
 */
@NullMarked
package io.annexdb.sidecar.ingest;

import org.jspecify.annotations.NullMarked;
