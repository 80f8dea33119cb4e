package io.annexdb.sidecar.command;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * The settings of one session. Clients read and write them out of habit; here they change nothing,
 * except that a client encoding other than UTF-8 is refused rather than answered with wrong bytes.
 */
public final class Settings {
    /** What a client is told at the start, by PostgreSQL's names and in its letters. */
    private static final Map<String, String> REPORTED =
            Map.ofEntries(
                    Map.entry("server_encoding", "UTF8"),
                    Map.entry("client_encoding", "UTF8"),
                    Map.entry("DateStyle", "ISO, MDY"),
                    Map.entry("IntervalStyle", "postgres"),
                    Map.entry("TimeZone", "UTC"),
                    Map.entry("integer_datetimes", "on"),
                    Map.entry("standard_conforming_strings", "on"),
                    Map.entry("is_superuser", "off"),
                    Map.entry("default_transaction_read_only", "off"),
                    Map.entry("in_hot_standby", "off"));

    private static final Map<String, String> OTHERS =
            Map.of(
                    "transaction_isolation", "read committed",
                    "transaction_isolation_level", "read committed",
                    "default_transaction_isolation", "read committed",
                    "transaction_read_only", "off",
                    "search_path", "annex",
                    "max_identifier_length", "63",
                    "extra_float_digits", "1");

    private static final Set<String> UTF8_NAMES = Set.of("utf8", "utf-8", "unicode", "sql_ascii");
    private static final int COUNT_MAX = 200;
    private static final int LENGTH_MAX = 1_000;

    private final Map<String, String> values = new LinkedHashMap<>();
    private final String serverVersion;

    Settings(String serverVersion, Map<String, String> startup) {
        this.serverVersion = serverVersion;
        OTHERS.forEach(this::put);
        REPORTED.forEach(this::put);
        put("server_version", serverVersion);
        put("application_name", "");
        put("session_authorization", startup.getOrDefault("user", ""));
        put("database", startup.getOrDefault("database", startup.getOrDefault("user", "")));
        startup.forEach((name, value) -> {
            if (!name.equals("user") && !name.equals("database")) {
                set(name, value);
            }
        });
    }

    /** What a session tells its client when it opens. */
    public Map<String, String> reported() {
        Map<String, String> reported = new LinkedHashMap<>();
        reported.put("server_version", serverVersion);
        REPORTED.forEach((name, value) -> reported.put(name, value));
        for (String name : Set.of("application_name", "session_authorization")) {
            reported.put(name, show(name));
        }
        return reported;
    }

    /**
     * The value of a setting.
     *
     * @throws AnnexException INVALID_PARAMETER_VALUE if nobody has set it
     */
    String show(String name) {
        String value = values.get(name.toLowerCase(Locale.ROOT));
        if (value == null) {
            throw new AnnexException(
                    ErrorCode.INVALID_PARAMETER_VALUE,
                    "unrecognized configuration parameter \"" + name + "\"",
                    "The sidecar's own configuration is read from its file; see"
                            + " annex.sidecar_status.");
        }
        return value;
    }

    void set(String name, String value) {
        String key = name.toLowerCase(Locale.ROOT);
        if (key.equals("client_encoding") && !UTF8_NAMES.contains(value.toLowerCase(Locale.ROOT))) {
            throw new AnnexException(
                    ErrorCode.FEATURE_NOT_SUPPORTED,
                    "client encoding \"" + value + "\" is not offered",
                    "The sidecar speaks UTF8 only.");
        }
        boolean known = values.containsKey(key);
        if (value.length() <= LENGTH_MAX && (known || values.size() < COUNT_MAX)) {
            values.put(key, value);
        }
    }

    private void put(String name, String value) {
        values.put(name.toLowerCase(Locale.ROOT), value);
    }
}
