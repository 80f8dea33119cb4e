/**
 * {@code annex bench stream}: rows go through PostgreSQL into a sidecar while one thread searches.
 * One file for each part: the writer, the searching thread, the watch over the index, the report.
 * It reaches Annex the way an application does, by SQL.
 */
@NullMarked
package io.annexdb.benchmarks.stream;

import org.jspecify.annotations.NullMarked;
