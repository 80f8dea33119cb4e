package io.annexdb.benchmarks.sql;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Option;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;

/** The options that say which index of which database is measured, and for how many rows. */
final class TargetIndex {
    @Option(names = "--url", required = true, description = "JDBC URL of the database")
    private String url = "";

    @Option(names = "--user", defaultValue = "postgres", description = "(${DEFAULT-VALUE})")
    private String user = "";

    @Option(names = "--password", description = "its password")
    private @Nullable String password;

    @Option(names = "--index", required = true, description = "name of the index")
    private String index = "";

    @Option(names = "-k", defaultValue = "10", description = "rows wanted (${DEFAULT-VALUE})")
    private int k;

    Connection connect() throws SQLException {
        return DriverManager.getConnection(url, user, password);
    }

    String index() {
        return index;
    }

    int k() {
        return k;
    }

    IllegalStateException failure(SQLException cause) {
        return new IllegalStateException(
                "cannot measure index \"" + index + "\" at " + url + ": " + cause.getMessage(),
                cause);
    }
}
