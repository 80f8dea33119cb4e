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
 */
public record FollowerSettings(
        String jdbcUrl, String user, String password, String name, Duration auditInterval) {
    public FollowerSettings {
        if (auditInterval.compareTo(Duration.ofMillis(10)) < 0
                || auditInterval.compareTo(Duration.ofHours(1)) > 0) {
            throw new AnnexException(
                    ErrorCode.CONFIGURATION,
                    "the audit interval is " + auditInterval.toMillis() + " ms",
                    "Choose 10 ms to 1 hour.");
        }
    }

    /** Without the password. */
    @Override
    public String toString() {
        return "FollowerSettings[jdbcUrl=" + jdbcUrl + ", user=" + user + ", name=" + name + "]";
    }
}
