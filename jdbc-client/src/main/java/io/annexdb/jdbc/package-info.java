/**
 * A typed client for vector search in PostgreSQL through Annex, over HikariCP and pgjdbc. {@link
 * io.annexdb.jdbc.AnnexClient} is the way in: it creates indexes, loads rows by COPY, searches. It
 * speaks plain SQL to the schema {@code annex} and to the caller's tables, never to a sidecar.
 */
@NullMarked
package io.annexdb.jdbc;

import org.jspecify.annotations.NullMarked;
