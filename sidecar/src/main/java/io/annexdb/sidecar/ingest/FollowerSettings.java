package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import java.time.Duration;

/**
 * What the follower is told by the configuration.
 *
 * @param jdbcUrl JDBC URL of the worker's database
 * @param user role with REPLICATION, SELECT on the indexed tables, EXECUTE in schema annex
 * @param password its password; may be empty
 * @param name the sidecar's name, 1 to 40 lower-case letters, digits and underscores
 * @param auditInterval time between two looks at the catalog, 10 ms to 1 hour
 * @param copyConnections how many connections read tables that are copied, 1 to 16
 */
public record FollowerSettings(
        String jdbcUrl,
        String user,
        String password,
        String name,
        Duration auditInterval,
        int copyConnections) {
    private static final int COPY_CONNECTIONS = 2;
    private static final int COPY_CONNECTIONS_MAX = 16;

    public FollowerSettings {
        if (auditInterval.compareTo(Duration.ofMillis(10)) < 0
                || auditInterval.compareTo(Duration.ofHours(1)) > 0) {
            throw new AnnexException(
                    ErrorCode.CONFIGURATION,
                    "the audit interval is " + auditInterval.toMillis() + " ms",
                    "Choose 10 ms to 1 hour.");
        }
        if (copyConnections < 1 || copyConnections > COPY_CONNECTIONS_MAX) {
            throw new AnnexException(
                    ErrorCode.CONFIGURATION,
                    copyConnections + " connections for copies",
                    "Choose 1 to " + COPY_CONNECTIONS_MAX + ".");
        }
    }

    /** Settings with two connections for copies. */
    public FollowerSettings(
            String jdbcUrl, String user, String password, String name, Duration auditInterval) {
        this(jdbcUrl, user, password, name, auditInterval, COPY_CONNECTIONS);
    }

    /** Without the password. */
    @Override
    public String toString() {
        return "FollowerSettings[jdbcUrl=" + jdbcUrl + ", user=" + user + ", name=" + name + "]";
    }
}
