/**
 * The slot's stream and the first copy of a table, turned into values: a pure pgoutput decoder, the
 * connect checks, the catalog. Called by ingest. Nothing here decides what becomes of a row.
 */
@NullMarked
package io.annexdb.sidecar.replication;

import org.jspecify.annotations.NullMarked;
