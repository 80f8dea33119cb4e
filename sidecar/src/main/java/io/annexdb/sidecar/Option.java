package io.annexdb.sidecar;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.Locale;

/** Every option of the sidecar: its name, default, range and meaning side by side. */
enum Option {
    NAME("name", "main", text(1, 40), "names this sidecar and its slot annex_<name>: a-z, 0-9, _"),
    DATABASE_URL(
            "database.url",
            "jdbc:postgresql://127.0.0.1:5432/postgres",
            text(1, 4_000),
            "JDBC URL of the worker's database, several hosts allowed"),
    DATABASE_USER(
            "database.user",
            "annex_sidecar",
            text(1, 63),
            "role with REPLICATION and annex.grant_sidecar(role); on Citus also"
                    + " pg_read_all_settings"),
    DATABASE_PASSWORD("database.password", "", secret(0), "its password"),
    DATA_DIRECTORY("data-directory", null, text(1, 4_000), "where the indexes' files live"),
    LISTEN_HOST("listen.host", "127.0.0.1", text(1, 255), "address that PostgreSQL reaches us at"),
    LISTEN_PORT("listen.port", "7432", number(0, 65_535), "TCP port for it; 0 takes a free one"),
    CONNECTION_LIMIT(
            "listen.connection-limit",
            "500",
            number(1, 10_000),
            "sessions at once; each database backend that searches keeps one"),
    LOGIN_LIMIT(
            "listen.login-limit",
            "500",
            number(1, 10_000),
            "connections at once that have not proven the secret yet, besides the sessions"),
    MESSAGE_LIMIT_MEGABYTES(
            "listen.message-limit-megabytes",
            "16",
            number(1, 1_024),
            "longest message of a session; before the login it is 8 kB"),
    AUTHENTICATION_TIMEOUT_SECONDS(
            "listen.authentication-timeout-seconds",
            "10",
            number(1, 600),
            "time a client has to prove that it knows the secret"),
    IDLE_TIMEOUT_SECONDS(
            "listen.idle-timeout-seconds",
            "0",
            number(0, 86_400),
            "closes sessions that were silent for so long; 0 never"),
    TRANSFER_TIMEOUT_SECONDS(
            "listen.transfer-timeout-seconds",
            "60",
            number(0, 3_600),
            "closes sessions of which a message or an answer is under way for so long; 0 never"),
    TLS_MODE(
            "tls.mode",
            "allow",
            oneOf("disable", "allow", "require"),
            "whether clients may encrypt, which takes a certificate, or have to"),
    TLS_CERTIFICATE(
            "tls.certificate",
            "",
            text(0, 4_000),
            "PEM file of the certificate, with those between it and the root; read again when it"
                    + " changes"),
    TLS_KEY("tls.key", "", text(0, 4_000), "PEM file of its private key: PKCS#8, not encrypted"),
    HTTP_HOST("http.host", "127.0.0.1", text(1, 255), "address for metrics, health and status"),
    HTTP_PORT("http.port", "7480", number(0, 65_535), "TCP port for it; 0 takes a free one"),
    SECRET(
            "secret",
            null,
            secret(16),
            "the secret of annex.setup, at least 16 printable ASCII characters: password of the"
                    + " role annex and key of the signatures"),
    LINKER_THREADS(
            "linker-threads", "1", number(1, 64), "threads that link new rows into the graphs"),
    MEMORY_LIMIT_MEGABYTES(
            "memory-limit-megabytes",
            "0",
            number(0, 16L << 20),
            "native memory of all indexes; 0: 3/4 of what the heap leaves"),
    NAMESPACE_SCAN_ROWS_MAX(
            "namespace-scan-rows-max",
            "50000",
            number(0, 10_000_000),
            "a namespace of at most so many rows is scanned exactly"),
    WARM_UP_MILLIS(
            "warm-up-millis",
            "2000",
            number(0, 60_000),
            "how long it searches by itself before it is ready"),
    AUDIT_INTERVAL_MILLIS(
            "audit-interval-millis",
            "1000",
            number(10, 3_600_000),
            "how often the catalog is compared with what is indexed"),
    COPY_CONNECTIONS(
            "copy-connections",
            "2",
            number(1, 16),
            "how many connections read a table that is copied"),
    LOG_LEVEL("log.level", "info", oneOf("error", "warn", "info", "debug"), "what is logged");

    /** What an option's values must be. */
    sealed interface Range {
        record Text(int lengthMin, int lengthMax) implements Range {}

        record Secret(int lengthMin) implements Range {}

        record Whole(long least, long most) implements Range {}

        record OneOf(List<String> words) implements Range {}
    }

    private final String key;
    private final @Nullable String defaultValue;

    @SuppressWarnings("ImmutableEnumChecker") // records of numbers and words
    private final Range range;

    private final String meaning;

    Option(String key, @Nullable String defaultValue, Range range, String meaning) {
        this.key = key;
        this.defaultValue = defaultValue;
        this.range = range;
        this.meaning = meaning;
    }

    /** The name in the file; a dot is one step into a mapping. */
    String key() {
        return key;
    }

    /** The environment variable of the same meaning. */
    String environmentName() {
        return "ANNEX_" + key.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
    }

    /** Null when a value must be given. */
    @Nullable String defaultValue() {
        return defaultValue;
    }

    Range range() {
        return range;
    }

    String meaning() {
        return meaning;
    }

    private static Range text(int lengthMin, int lengthMax) {
        return new Range.Text(lengthMin, lengthMax);
    }

    private static Range secret(int lengthMin) {
        return new Range.Secret(lengthMin);
    }

    private static Range number(long least, long most) {
        return new Range.Whole(least, most);
    }

    private static Range oneOf(String... words) {
        return new Range.OneOf(List.of(words));
    }
}
