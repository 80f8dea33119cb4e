/**
 * {@code annex bench sql}: what one {@code annex.search} costs, step by step, measured inside the
 * database. Called by the benchmark command; imports only JDBC.
 */
@NullMarked
package io.annexdb.benchmarks.sql;

import org.jspecify.annotations.NullMarked;
