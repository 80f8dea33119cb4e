package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annexdb.migrations.AnnexMigrations;
import io.annexdb.sidecar.SidecarUnderTest;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * pg_dump and pg_restore of a database with an index: the copy lets go of what the dump brought
 * along, and the original does not notice. Needs a PostgreSQL installation on the PATH.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DumpAndRestoreTest {
    private static final String USER = InstalledPostgres.USER;
    private static final String NEAREST =
            "select (hit).id, distance from annex.search(null::docs, 'embedding', '{7.2,1}', 3)";
    private static final List<String> EXPECTED = List.of("7,0.2", "8,0.8", "6,1.2");

    private Path files;
    private Path programs;
    private InstalledPostgres server;
    private SidecarUnderTest sidecar;
    private Path dump;

    @BeforeAll
    void dumpADatabaseWithAnIndex(@TempDir Path temporary) throws Exception {
        files = temporary;
        Optional<Path> installation = InstalledPostgres.installation();
        assumeTrue(installation.isPresent(), "skipped: pg_config names no PostgreSQL server");
        programs = installation.get();
        server = InstalledPostgres.start(programs, "");
        server.client("createdb", "app");
        AnnexMigrations.migrate(server.url("app"), USER, null, Map.of());
        sidecar = sidecar("main", server.url("app"));
        try (Session session = original()) {
            setUp(session, sidecar);
            session.run(
                    "create table docs (id int primary key, embedding real[])",
                    "insert into docs select i, array[i, 1] from generate_series(1, 300) i",
                    "select annex.create_index('docs', 'embedding', metric => 'l2')",
                    "select annex.wait_for_index('docs_embedding', '1 minute')",
                    "create role reader login",
                    "grant select on docs to reader");
        }
        dump = server.directory().resolve("app.dump");
        server.client("pg_dump", "-Fc", "-f", dump.toString(), "app");
    }

    @AfterAll
    void close() throws IOException {
        if (sidecar != null) {
            sidecar.close();
        }
        if (server != null) {
            server.close();
        }
    }

    @Test
    void aCopyOnTheSameServerIsCleanAfterItsFirstSearch() throws SQLException, IOException {
        restore(server, "copy");
        long answered = sidecar.answered("search");
        try (Session reader = Session.open(server.url("copy"), "reader");
                Session owner = Session.open(server.url("copy"), USER)) {
            assertEquals("0,1", traces(owner), "what the dump brings along");
            reader.run("set annex.fallback to exact", "begin read only");
            assertTrue(String.valueOf(reader.warningOf(NEAREST)).contains("is a copy"));
            reader.run("rollback");
            assertEquals("0,1", traces(owner), "after a transaction that may not write");
            assertEquals(EXPECTED, rounded(reader));
            assertEquals("0,0", traces(owner));
            reader.run("set annex.fallback to error");
            reader.refuses("55000", "is a copy", NEAREST);
        }
        assertEquals(answered, sidecar.answered("search"), "the original's sidecar is not asked");
        assertTheOriginalServes();
    }

    @Test
    void aCopyOnAnotherServerGetsASidecarOfItsOwn() throws Exception {
        try (InstalledPostgres other = InstalledPostgres.start(programs, "")) {
            restore(other, "app");
            try (Session session = Session.open(other.url("app"), USER)) {
                session.refuses(
                        "55000", "is a copy", "select annex.wait_for_index('docs_embedding')");
                assertEquals("f", session.value("select reachable from annex.sidecar_status"));
                assertEquals("0,0", traces(session));
                try (SidecarUnderTest own = sidecar("own", other.url("app"))) {
                    servesItsOwnRowsAndLeavesNothing(session, own, "own");
                }
            }
        }
        assertTheOriginalServes();
    }

    @Test
    void aSidecarThatIsThereBeforeSetupKeepsItsPublication() throws Exception {
        restore(server, "early");
        try (SidecarUnderTest own = sidecar("early", server.url("early"));
                Session session = Session.open(server.url("early"), USER)) {
            await("1,1", session);
            String published = publication(session);
            session.run("set annex.fallback to exact");
            assertEquals(EXPECTED, rounded(session));
            assertEquals(published, publication(session));
            session.run("set annex.fallback to error");
            servesItsOwnRowsAndLeavesNothing(session, own, "early");
        }
        assertTheOriginalServes();
    }

    private void servesItsOwnRowsAndLeavesNothing(
            Session session, SidecarUnderTest own, String name) throws Exception {
        setUp(session, own);
        session.run("select annex.wait_for_index('docs_embedding', '1 minute')");
        assertEquals(EXPECTED, rounded(session));
        session.run("insert into docs values (1000, '{7.2,1}')");
        assertEquals("1000,0", rounded(session).getFirst());
        assertEquals("1,1", traces(session));
        assertTrue(own.answered("search") > 0, "the copy's own sidecar answers");
        session.run("select annex.teardown()");
        await("0,0", session);
        assertEquals(0, shardFolders(name), "folders of indexes");
    }

    private void assertTheOriginalServes() throws SQLException, IOException {
        try (Session session = original()) {
            assertEquals("1,1", traces(session));
            assertEquals(EXPECTED, rounded(session));
            session.run("select annex.wait_for_index('docs_embedding', '1 minute')");
        }
        assertEquals(1, shardFolders("main"), "folders of indexes");
    }

    private void restore(InstalledPostgres target, String database) throws IOException {
        target.client("createdb", database);
        if (target != server) {
            target.client("createuser", "reader");
        }
        target.client("pg_restore", "--exit-on-error", "-d", database, dump.toString());
    }

    private Session original() throws SQLException {
        return Session.open(server.url("app"), USER);
    }

    private SidecarUnderTest sidecar(String name, String url) {
        return SidecarUnderTest.start(name, url, USER, files.resolve(name), 0);
    }

    private static void setUp(Session session, SidecarUnderTest sidecar) throws SQLException {
        session.rows(
                "select * from annex.setup(?, jsonb_build_array(jsonb_build_object('group', 0,"
                        + " 'host', '127.0.0.1', 'port', ?)))",
                SidecarUnderTest.SECRET,
                sidecar.port());
    }

    /** Slots and publications of the session's database. */
    private static String traces(Session session) throws SQLException {
        return session.value(
                "select (select count(*) from pg_replication_slots where database ="
                        + " current_database()), (select count(*) from pg_publication)");
    }

    private static String publication(Session session) throws SQLException {
        return session.value("select oid from pg_publication");
    }

    private static void await(String traces, Session session)
            throws SQLException, InterruptedException {
        for (int i = 0; i < 200 && !traces(session).equals(traces); i++) {
            Thread.sleep(50);
        }
        assertEquals(traces, traces(session));
    }

    private static List<String> rounded(Session session) throws SQLException {
        return session.rows(
                NEAREST.replace("distance", "round(distance::numeric, 4)::float8")
                        + " order by distance");
    }

    private long shardFolders(String sidecarName) throws IOException {
        try (Stream<Path> found = Files.walk(files.resolve(sidecarName))) {
            return found.filter(file -> file.getFileName().toString().matches("\\d+-\\d+")).count();
        }
    }
}
