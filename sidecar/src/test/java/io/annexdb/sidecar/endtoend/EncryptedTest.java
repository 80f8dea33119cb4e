package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annexdb.migrations.AnnexMigrations;
import io.annexdb.sidecar.SidecarUnderTest;
import io.annexdb.sidecar.wire.TestCertificate;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.util.Map;

/**
 * From SQL through dblink to a sidecar that serves encrypted connections only. dblink has its TLS
 * from libpq, and the embedded server's libpq may have none.
 */
@Timeout(180)
class EncryptedTest {
    private static final String SEARCH =
            "select (hit).id from annex.search(null::docs, 'embedding', array[1, 2, 3]::real[], 2)";

    @Test
    void embeddedPostgres(@TempDir Path directory) throws Exception {
        TestCertificate.create(directory).install(directory, true);
        try (AnnexOnPostgres annex =
                        AnnexOnPostgres.start(directory.resolve("index"), options(directory));
                Session session = annex.session()) {
            String schema =
                    session.value(
                            "select extnamespace::regnamespace from pg_extension"
                                    + " where extname = 'dblink'");
            String refused =
                    failure(
                            session,
                            "select %s.dblink_connect('host=127.0.0.1 sslmode=require')"
                                    .formatted(schema));
            assumeTrue(
                    !refused.contains("SSL support is not compiled in"),
                    "the embedded server's libpq has no TLS");
            follow(annex.url(), annex.sidecarPort(), directory.resolve("tls.crt"));
        }
    }

    @Test
    void installedPostgres(@TempDir Path directory) throws Exception {
        Path programs = InstalledPostgres.installation().orElse(null);
        assumeTrue(programs != null, "no PostgreSQL is installed");
        TestCertificate.create(directory).install(directory, true);
        try (InstalledPostgres postgres = InstalledPostgres.start(programs, "")) {
            // The server reads it, and runs as another user.
            Path root = postgres.directory().resolve("root.crt");
            Files.copy(directory.resolve("tls.crt"), root);
            Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rw-r--r--"));
            String url = postgres.url("postgres");
            AnnexMigrations.migrate(url, InstalledPostgres.USER, null, Map.of());
            try (SidecarUnderTest sidecar =
                    SidecarUnderTest.start(
                            "main",
                            url,
                            InstalledPostgres.USER,
                            directory.resolve("index"),
                            0,
                            options(directory))) {
                follow(url, sidecar.port(), root);
            }
        }
    }

    private static Map<String, String> options(Path directory) {
        return Map.of(
                "ANNEX_TLS_MODE",
                "require",
                "ANNEX_TLS_CERTIFICATE",
                directory.resolve("tls.crt").toString(),
                "ANNEX_TLS_KEY",
                directory.resolve("tls.key").toString());
    }

    private static void follow(String url, int port, Path root) throws Exception {
        try (Session session = Session.open(url, InstalledPostgres.USER)) {
            session.run(
                    "create table docs (id bigint primary key, embedding real[])",
                    "insert into docs select i, array[i, 2, 3] from generate_series(1, 100) i");
            setUp(session, port, "verify-full", root.toString());
            session.rows("select annex.create_index('docs', 'embedding', metric => 'l2')");
            session.rows("select annex.wait_for_index('docs_embedding')");
            assertEquals("[1, 2]", session.rows(SEARCH).toString());
            setUp(session, port, "disable", null);
        }
        // In the clear the sidecar refuses, and says what to do.
        try (Session session = Session.open(url, InstalledPostgres.USER)) {
            String refused = failure(session, SEARCH);
            assertTrue(refused.contains("encrypted connections only"), refused);
            setUp(session, port, "require", null);
        }
        try (Session session = Session.open(url, InstalledPostgres.USER)) {
            assertEquals("[1, 2]", session.rows(SEARCH).toString());
        }
    }

    private static void setUp(Session session, int port, String mode, @Nullable String root)
            throws Exception {
        session.rows(
                "select * from annex.setup(?, jsonb_build_array(jsonb_strip_nulls("
                        + "jsonb_build_object('group', 0, 'host', '127.0.0.1', 'port', ?,"
                        + " 'sslmode', ?, 'sslrootcert', ?::text))))",
                SidecarUnderTest.SECRET,
                port,
                mode,
                root);
    }

    private static String failure(Session session, String sql) {
        try {
            session.run(sql);
            return "";
        } catch (SQLException e) {
            return e.toString();
        }
    }
}
