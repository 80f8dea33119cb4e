/**
 * {@code annex bench copy}: how fast a sidecar reads a table that is indexed for the first time, by
 * one connection and by several; and how long that takes when it was stopped in the midst, against
 * beginning anew. On an embedded PostgreSQL of its own, in this process.
 */
@NullMarked
package io.annexdb.benchmarks.copy;

import org.jspecify.annotations.NullMarked;
