package io.annexdb.jdbc;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.SQLException;

import javax.sql.DataSource;

/** A PostgreSQL without Annex in it, one for all tests: the judge of literals and of COPY. */
final class TestDatabase {
    private static @Nullable EmbeddedPostgres server;

    private TestDatabase() {}

    static synchronized DataSource dataSource() {
        if (server == null) {
            try {
                server = EmbeddedPostgres.start();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return server.getPostgresDatabase();
    }

    static Connection connect() throws SQLException {
        return dataSource().getConnection();
    }
}
