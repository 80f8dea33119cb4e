/**
 * Tests of the migrations and of the SQL API as far as it needs no sidecar, on embedded PostgreSQL.
 * One server is shared by all of them, each class has a database of its own. Those that need a
 * sidecar are beside the sidecar.
 */
@NullMarked
package io.annexdb.migrations;

import org.jspecify.annotations.NullMarked;
