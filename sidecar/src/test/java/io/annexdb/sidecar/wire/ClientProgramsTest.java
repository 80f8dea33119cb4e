package io.annexdb.sidecar.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Programs that speak through libpq: psql, and Python with psycopg2. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ClientProgramsTest {
    private static final String PYTHON = "/usr/bin/python3";

    @SuppressWarnings("NullAway.Init")
    private RunningServer server;

    @BeforeAll
    void start(@TempDir Path directory) throws Exception {
        server = new RunningServer(directory);
    }

    @AfterAll
    void stop() {
        server.close();
    }

    private record Output(int exitCode, String text) {}

    @Test
    void psql() throws Exception {
        assumeTrue(runs("psql", "--version"), "psql is not installed");
        Output output =
                psqlHere(
                        "\\conninfo",
                        "select 1 as one;",
                        "select version()",
                        "show server_version",
                        "begin; commit; discard all;",
                        "select * from annex.sidecar_status",
                        "select index_name, rows from nowhere",
                        "SELECT * FROM annex.index_status;");
        assertEquals(0, output.exitCode, output.text);
        for (String expected :
                List.of(
                        "You are connected to database \"annex\" as user \"annex\"",
                        "Annex sidecar 0.1.0",
                        "15.0 (Annex 0.1.0)",
                        "annex_test",
                        "ERROR:  statement not understood",
                        "HINT:  This is an Annex sidecar")) {
            assertTrue(output.text.contains(expected), output.text);
        }
        Output status = psqlHere("SELECT * FROM annex.index_status;", "SELECT 1");
        assertEquals(0, status.exitCode, status.text);
        assertTrue(status.text.contains("index7"), status.text);
    }

    @Test
    void psqlWithAWrongPassword() throws Exception {
        assumeTrue(runs("psql", "--version"), "psql is not installed");
        Output output = run("wrong", List.of("psql", "-c", "select 1"));
        assertEquals(2, output.exitCode);
        assertTrue(output.text.contains("password authentication failed"), output.text);
    }

    @Test
    void psycopg2() throws Exception {
        assumeTrue(runs(PYTHON, "-c", "import psycopg2"), "psycopg2 is not installed");
        String payload =
                SignedRequest.search(RunningServer.READY_INDEX, 3, RunningServer.vector(5), "");
        String program =
                """
                import os, psycopg2, sys
                c = psycopg2.connect(host='127.0.0.1', dbname='annex', user='annex')
                cur = c.cursor()
                cur.execute('select annex.request(%s, %s)', (sys.argv[1], sys.argv[2]))
                row = cur.fetchone()
                assert row[1] == 'ok', row
                assert row[3].startswith('{'), row
                print('keys', row[4])
                try:
                    cur.execute('select * from pg_class')
                except psycopg2.Error as e:
                    print('sqlstate', e.pgcode)
                c.rollback()
                c.autocommit = True
                cur.execute('select * from annex.index_status')
                print('names', [d[0] for d in cur.description][:2], cur.fetchall()[0][:2])
                c.close()
                """;
        Output output =
                run(
                        RunningServer.SECRET,
                        List.of(PYTHON, "-c", program, payload, SignedRequest.sign(payload)));
        assertEquals(0, output.exitCode, output.text);
        assertTrue(output.text.contains("\"5\""), output.text);
        assertTrue(output.text.contains("sqlstate 42601"), output.text);
        assertTrue(
                output.text.contains("names ['index_id', 'index_name'] (7, 'index7')"),
                output.text);
    }

    @Test
    void psqlOverTls(@TempDir Path directory) throws Exception {
        assumeTrue(runs("psql", "--version"), "psql is not installed");
        TlsSettings tls = TestCertificate.create(directory).install(directory, true);
        String root = " sslrootcert=" + tls.certificates();
        try (RunningServer encrypted = encrypted(directory, tls)) {
            String target = "host=127.0.0.1 port=" + encrypted.port();
            for (String mode : List.of("require", "verify-full" + root, "prefer")) {
                Output output = psql(target + " sslmode=" + mode, "\\conninfo");
                assertEquals(0, output.exitCode, output.text);
                assertTrue(output.text.contains("TLS"), output.text);
            }
            Output bound = psql(target + " sslmode=require channel_binding=require", "select 1");
            assertEquals(0, bound.exitCode, bound.text);
            Output clear = psql(target + " sslmode=disable", "select 1");
            assertEquals(2, clear.exitCode);
            assertTrue(clear.text.contains("encrypted connections only"), clear.text);
            Path other = Files.createDirectory(directory.resolve("other"));
            TlsSettings stranger = TestCertificate.create(other).install(other, true);
            Output unknown =
                    psql(
                            target + " sslmode=verify-ca sslrootcert=" + stranger.certificates(),
                            "select 1");
            assertEquals(2, unknown.exitCode);
            assertTrue(unknown.text.contains("certificate verify failed"), unknown.text);
        }
    }

    @Test
    void psycopg2OverTls(@TempDir Path directory) throws Exception {
        assumeTrue(runs(PYTHON, "-c", "import psycopg2"), "psycopg2 is not installed");
        TlsSettings tls = TestCertificate.create(directory).install(directory, true);
        String program =
                """
                import psycopg2, sys
                c = psycopg2.connect(host='localhost', hostaddr='127.0.0.1', port=sys.argv[1],
                        dbname='annex', user='annex', sslmode='verify-full', sslrootcert=sys.argv[2])
                cur = c.cursor()
                cur.execute('select version()')
                print(c.info.ssl_attribute('protocol'), cur.fetchall())
                c.close()
                """;
        try (RunningServer encrypted = encrypted(directory, tls)) {
            Output output =
                    run(
                            RunningServer.SECRET,
                            List.of(
                                    PYTHON,
                                    "-c",
                                    program,
                                    Integer.toString(encrypted.port()),
                                    tls.certificates().toString()));
            assertEquals(0, output.exitCode, output.text);
            assertTrue(output.text.startsWith("TLSv1.3"), output.text);
        }
    }

    private static RunningServer encrypted(Path directory, TlsSettings tls) throws IOException {
        WireSettings.Limits limits =
                new WireSettings.Limits(
                        50, 50, 1 << 20, Duration.ofSeconds(10), Duration.ZERO, Duration.ZERO);
        return new RunningServer(directory, limits, Optional.of(tls));
    }

    private Output psql(String target, String statement) throws Exception {
        return run(
                RunningServer.SECRET, List.of("psql", "-X", "-A", "-d", target, "-c", statement));
    }

    private Output psqlHere(String... statements) throws Exception {
        List<String> command = new ArrayList<>(List.of("psql", "-X", "-A"));
        for (String statement : statements) {
            command.add("-c");
            command.add(statement);
        }
        return run(RunningServer.SECRET, command);
    }

    private Output run(String password, List<String> command) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("PGHOST", "127.0.0.1");
        builder.environment().put("PGPORT", Integer.toString(server.port()));
        builder.environment().put("PGUSER", "annex");
        builder.environment().put("PGDATABASE", "annex");
        builder.environment().put("PGPASSWORD", password);
        builder.environment().put("PYTHONIOENCODING", "utf-8");
        Process process = builder.start();
        process.getOutputStream().close();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(30, TimeUnit.SECONDS), text);
        return new Output(process.exitValue(), text);
    }

    private static boolean runs(String... command) throws InterruptedException {
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getInputStream().readAllBytes();
            return process.waitFor() == 0;
        } catch (IOException e) {
            return false;
        }
    }
}
