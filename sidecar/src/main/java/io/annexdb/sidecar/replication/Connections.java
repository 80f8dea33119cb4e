package io.annexdb.sidecar.replication;

import org.postgresql.Driver;
import org.postgresql.PGConnection;
import org.postgresql.PGProperty;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Properties;

/**
 * Opens the sidecar's connections to PostgreSQL: walsenders for the stream and for snapshots, and
 * ordinary ones. What we need wins over what the URL says, for a socket timeout would break the
 * stream.
 */
final class Connections {
    /** Shows the shards of Citus in pg_class; elsewhere a setting without effect. */
    private static final String SHOW_SHARDS = "-c citus.override_table_visibility=off";

    private static final Driver DRIVER = new Driver();

    private Connections() {}

    /** A walsender in the database, for a short while. */
    static Connection replication(SourceSettings settings) throws SQLException {
        return replication(settings, SenderTimeout.LEAST_MILLIS);
    }

    /**
     * A walsender in the database.
     *
     * @param timeoutMillis after which it ends, unless it has heard of us; after half of it, it
     *     sends a keepalive
     */
    static Connection replication(SourceSettings settings, int timeoutMillis) throws SQLException {
        Properties properties = properties(settings);
        PGProperty.REPLICATION.set(properties, "database");
        PGProperty.ASSUME_MIN_SERVER_VERSION.set(properties, "15");
        PGProperty.PREFER_QUERY_MODE.set(properties, "simple");
        PGProperty.SOCKET_TIMEOUT.set(properties, 0);
        addOptions(properties, SHOW_SHARDS + " -c wal_sender_timeout=" + timeoutMillis);
        return connect(settings, properties);
    }

    /**
     * An ordinary connection. Row security is off, that is, a policy that would hide rows from us
     * is an error instead of an index that lacks them.
     *
     * @param socketTimeoutSeconds after which a silent server counts as gone
     */
    static Connection sql(SourceSettings settings, int socketTimeoutSeconds) throws SQLException {
        Properties properties = properties(settings);
        PGProperty.SOCKET_TIMEOUT.set(properties, socketTimeoutSeconds);
        addOptions(
                properties,
                SHOW_SHARDS
                        + " -c row_security=off -c statement_timeout=0"
                        + " -c idle_in_transaction_session_timeout=0");
        return connect(settings, properties);
    }

    /**
     * From now on a server that says nothing for so long counts as gone.
     *
     * @param seconds 0 for no limit
     */
    static void limitSilence(Connection connection, int seconds) throws SQLException {
        connection.setNetworkTimeout(Runnable::run, seconds * 1_000);
    }

    /** Ends the connection from any thread, also while another one blocks in it. */
    static void abort(Connection connection) {
        try {
            connection.abort(Runnable::run);
        } catch (SQLException e) {
            // It is closed, which is what was asked for.
        }
    }

    static int processId(Connection connection) throws SQLException {
        return connection.unwrap(PGConnection.class).getBackendPID();
    }

    private static Properties properties(SourceSettings settings) throws SQLException {
        Properties parsed = Driver.parseURL(settings.jdbcUrl(), new Properties());
        if (parsed == null) {
            throw new SQLException("not a PostgreSQL JDBC URL: " + settings.jdbcUrl(), "08001");
        }
        Properties properties = new Properties();
        for (String name : parsed.stringPropertyNames()) {
            properties.setProperty(name, parsed.getProperty(name));
        }
        PGProperty.USER.set(properties, settings.user());
        PGProperty.PASSWORD.set(properties, settings.password());
        PGProperty.APPLICATION_NAME.set(properties, "annex_" + settings.name());
        PGProperty.TCP_KEEP_ALIVE.set(properties, true);
        PGProperty.CONNECT_TIMEOUT.set(properties, 5);
        PGProperty.LOGIN_TIMEOUT.set(properties, 10);
        PGProperty.HOST_RECHECK_SECONDS.set(properties, 1);
        return properties;
    }

    private static void addOptions(Properties properties, String options) {
        String given = PGProperty.OPTIONS.getOrDefault(properties);
        PGProperty.OPTIONS.set(properties, given == null ? options : given + " " + options);
    }

    private static Connection connect(SourceSettings settings, Properties properties)
            throws SQLException {
        int query = settings.jdbcUrl().indexOf('?');
        String url = query < 0 ? settings.jdbcUrl() : settings.jdbcUrl().substring(0, query);
        Connection connection = DRIVER.connect(url, properties);
        if (connection == null) {
            throw new SQLException("not a PostgreSQL JDBC URL: " + settings.jdbcUrl(), "08001");
        }
        return connection;
    }
}
