package io.annexdb.sidecar;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;

/** Where a command connects to. */
final class DatabaseOptions {
    @CommandLine.Option(
            names = "--url",
            paramLabel = "JDBC_URL",
            defaultValue = "${env:ANNEX_DATABASE_URL:-jdbc:postgresql://127.0.0.1:5432/postgres}",
            description = "JDBC URL (or ANNEX_DATABASE_URL); default: ${DEFAULT-VALUE}")
    private String url = "";

    @CommandLine.Option(
            names = "--user",
            paramLabel = "ROLE",
            defaultValue = "${env:ANNEX_DATABASE_USER:-postgres}",
            description = "role (or ANNEX_DATABASE_USER); default: ${DEFAULT-VALUE}")
    private String user = "";

    @CommandLine.Option(
            names = "--password",
            paramLabel = "PASSWORD",
            description = "its password; without it PGPASSWORD or ANNEX_DATABASE_PASSWORD is taken")
    private @Nullable String password;

    String url() {
        return url;
    }

    String user() {
        return user;
    }

    Connection connect() throws SQLException {
        Properties login = new Properties();
        login.setProperty("user", user);
        String known = password();
        if (known != null) {
            login.setProperty("password", known);
        }
        return DriverManager.getConnection(url, login);
    }

    @Nullable String password() {
        if (password != null) {
            return password;
        }
        String general = System.getenv("PGPASSWORD");
        return general != null ? general : System.getenv("ANNEX_DATABASE_PASSWORD");
    }
}
