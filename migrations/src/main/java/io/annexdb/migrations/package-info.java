/**
 * Installs and upgrades the schemas {@code annex} and {@code memory} with Flyway. The versioned
 * files and the distribution step lie beside this class, the SQL API comes from the jar {@code
 * annex-sql}. The same files run on plain PostgreSQL and on Citus.
 */
@NullMarked
package io.annexdb.migrations;

import org.jspecify.annotations.NullMarked;
