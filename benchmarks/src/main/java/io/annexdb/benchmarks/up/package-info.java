/**
 * {@code annex up}: an embedded PostgreSQL with Annex for development, kept in a folder. It
 * survives its own end and continues with the same data, password and ports. One process supervises
 * the rest.
 */
@NullMarked
package io.annexdb.benchmarks.up;

import org.jspecify.annotations.NullMarked;
