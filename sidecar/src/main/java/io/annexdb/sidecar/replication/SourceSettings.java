package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import java.util.regex.Pattern;

/**
 * Where the changes come from.
 *
 * @param jdbcUrl JDBC URL of the worker's database, several hosts allowed
 * @param user role with REPLICATION, SELECT on the indexed tables, EXECUTE in schema annex
 * @param password its password; may be empty
 * @param name the sidecar's name: lower-case letters, digits and underscores, 1 to 40 of them,
 *     because slots are named after it
 */
public record SourceSettings(String jdbcUrl, String user, String password, String name) {
    /** The publication that holds the leaf relations; one per database, shared by all sidecars. */
    public static final String PUBLICATION = "annex_data";

    private static final Pattern NAME = Pattern.compile("[a-z0-9_]{1,40}");

    public SourceSettings {
        if (!NAME.matcher(name).matches()) {
            throw new AnnexException(
                    ErrorCode.CONFIGURATION,
                    "the sidecar's name is \"" + name + "\"",
                    "Use 1 to 40 lower-case letters, digits and underscores.");
        }
    }

    public String slotName() {
        return "annex_" + name;
    }

    /** Without the password. */
    @Override
    public String toString() {
        return "SourceSettings[jdbcUrl=" + jdbcUrl + ", user=" + user + ", name=" + name + "]";
    }
}
