package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.SidecarUnderTest;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;

/** Sidecars that are down, silent, foreign or lying, and callers that meddle with connections. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SidecarTroubleTest {
    private static final String NEAREST =
            "select (hit).id from annex.search(null::docs, 'embedding', '{1,0}', 1)";

    private AnnexOnPostgres annex;
    private Session session;

    @BeforeAll
    void start(@TempDir Path directory) throws Exception {
        annex = AnnexOnPostgres.start(directory);
        try (Session setup = annex.session()) {
            setup.run(
                    "create table docs (id int primary key, embedding real[])",
                    "insert into docs values (1, '{1,0}'), (2, '{0,1}')",
                    "select annex.create_index('docs', 'embedding', metric => 'l2')",
                    "select annex.wait_for_index('docs_embedding', '1 minute')",
                    "create role meddler login",
                    "grant select on docs to meddler");
        }
    }

    @BeforeEach
    void freshSession() throws SQLException {
        session = annex.session();
        pointTo(annex.sidecarPort());
        // By another session, so that this one has no connection to a sidecar yet.
        try (Session other = annex.session()) {
            other.run("select annex.wait_for_index('docs_embedding', '1 minute')");
        }
    }

    @AfterAll
    void close() throws Exception {
        session.close();
        annex.close();
    }

    private void pointTo(int port) throws SQLException {
        session.rows(
                "select * from annex.setup(?, jsonb_build_array(jsonb_build_object('group', 0,"
                        + " 'host', '127.0.0.1', 'port', ?)))",
                SidecarUnderTest.SECRET,
                port);
    }

    private void assertWarning(String reason) throws SQLException {
        String warning = session.warningOf(NEAREST);
        assertNotNull(warning);
        assertTrue(warning.contains("exact SQL answers instead of the index"), warning);
        assertTrue(warning.contains(reason), warning);
    }

    private void assertExactWithWarning(String reason) throws SQLException {
        session.run("set annex.fallback to exact");
        assertWarning(reason);
        assertEquals("1", session.value(NEAREST));
        session.run("set annex.fallback to error");
    }

    @Test
    void aStoppedSidecarIsAnErrorOrExactSqlAndItsRestartIsFoundAgain() throws SQLException {
        assertEquals("1", session.value(NEAREST));
        annex.stopSidecar();
        try {
            session.refuses("08006", "annex_0", NEAREST);
            assertExactWithWarning("annex_0");
            session.refuses(
                    "57014",
                    "is not ready after",
                    "select annex.wait_for_index('docs_embedding', '0.2 s')");
            assertEquals(
                    "f,t",
                    session.value(
                            "select reachable, error like 'sidecar annex_0: %' from"
                                    + " annex.sidecar_status"));
            assertEquals("unreachable", session.value("select state from annex.index_status"));
        } finally {
            annex.startSidecar();
        }
        session.run("select annex.wait_for_index('docs_embedding', '1 minute')");
        assertEquals("1", session.value(NEAREST));
    }

    @Test
    void anIdleConnectionThatWasClosedIsReplaced() throws SQLException {
        assertEquals("1", session.value(NEAREST));
        annex.stopSidecar();
        annex.startSidecar();
        try (Session other = annex.session()) {
            other.run("select annex.wait_for_index('docs_embedding', '1 minute')");
        }
        assertEquals("1", session.value(NEAREST));
    }

    @Test
    void anIndexThatWentWhileItWasAskedIsSaidSo() throws SQLException {
        assertEquals(
                "42704: the index was dropped or altered while it was asked",
                session.value(
                        "select f ->> 'sqlstate' || ': ' || (f ->> 'message') from"
                                + " annex_internal.failure_of('error', jsonb_build_object("
                                + "'sqlstate', '42704', 'message', 'no shard'), 1, -1) f"));
    }

    @Test
    void aWrongSecretIsSaidSo() throws SQLException {
        session.rows(
                "select * from annex.setup('quite another secret', jsonb_build_array("
                        + "jsonb_build_object('group', 0, 'host', '127.0.0.1', 'port', ?)))",
                annex.sidecarPort());
        session.refuses("28P01", "password authentication failed", NEAREST);
        assertExactWithWarning("password authentication failed");
    }

    @Test
    void aSilentSidecarIsGivenUpAtTheDeadlineAndNotAskedAgainAtOnce() throws Exception {
        try (FreezingProxy proxy = FreezingProxy.to(annex.sidecarPort())) {
            pointTo(proxy.port());
            assertEquals("1", session.value(NEAREST));
            proxy.freeze();
            session.run("set annex.consistency_timeout to '300ms'", "set annex.fallback to exact");
            long began = System.nanoTime();
            assertWarning("did not answer within");
            long first = (System.nanoTime() - began) / 1_000_000;
            assertWarning("did not answer within the last");
            long second = (System.nanoTime() - began) / 1_000_000 - first;
            assertTrue(first >= 700 && first < 3_000, "took " + first + " ms");
            assertTrue(second < 500, "took " + second + " ms");
        }
    }

    @Test
    void aStatementTimeoutStrikesInTimeAndTheNextSearchIsRight() throws Exception {
        try (FreezingProxy proxy = FreezingProxy.to(annex.sidecarPort())) {
            pointTo(proxy.port());
            assertEquals("1", session.value(NEAREST));
            proxy.freeze();
            session.run("set statement_timeout to '300ms'");
            long began = System.nanoTime();
            assertThrows(SQLException.class, () -> session.value(NEAREST));
            long millis = (System.nanoTime() - began) / 1_000_000;
            assertTrue(millis < 1_500, "took " + millis + " ms");
            session.run("set statement_timeout to 0");
            proxy.thaw();
            assertEquals(
                    "2",
                    session.value(
                            "select (hit).id from annex.search(null::docs, 'embedding', '{0,1}',"
                                    + " 1)"));
        }
    }

    @Test
    void anAnswerThatNobodyTookIsNotMistakenForOurs() throws SQLException {
        assertEquals("1", session.value(NEAREST));
        // As a canceled search leaves it: a question asked, and its answer still on the connection.
        session.run("select " + dblink() + ".dblink_send_query('annex_0', 'select 1')");
        assertEquals(
                "2",
                session.value(
                        "select (hit).id from annex.search(null::docs, 'embedding', '{0,1}', 1)"));
    }

    /** C2: whoever shares the session shares its dblink connections. */
    @Test
    void aConnectionTakenOverIsNotBelieved() throws SQLException {
        assertEquals("1", session.value(NEAREST));
        session.run(
                "create schema annex_false",
                "select " + dblink() + ".dblink_disconnect('annex_0')",
                "select "
                        + dblink()
                        + ".dblink_connect('annex_0', 'host=127.0.0.1 port="
                        + annex.postgresPort()
                        + " dbname=postgres user=postgres')");
        assertEquals("1", session.value(NEAREST));
        session.run("drop schema annex_false");
    }

    @Test
    void onOurConnectionACallerCanAskNothingThatItCannotSign() throws SQLException {
        try (Session meddler = annex.session("meddler")) {
            assertEquals("1", meddler.value(NEAREST));
            assertEquals(
                    "error,28000",
                    meddler.value(
                            "select status, detail::json ->> 'sqlstate' from "
                                    + dblink()
                                    + ".dblink('annex_0', $q$select annex.request('{\"op\":"
                                    + "\"status\"}', 'forged')$q$) as a (nonce text, status text,"
                                    + " detail text, distances text, keys text, hashes text,"
                                    + " signature text)"));
            assertEquals("1", meddler.value(NEAREST));
        }
    }

    @Test
    void aCopyOfTheDatabaseDoesNotAskTheOriginalsSidecar() throws SQLException {
        session.run("update annex_internal.node set database_oid = 1");
        try (Session copy = annex.session()) {
            copy.refuses("55000", "is a copy", NEAREST);
            copy.run("set annex.fallback to exact");
            assertEquals(List.of("1"), copy.rows(NEAREST));
        }
    }

    @Test
    void anIndexThatIsNotLoadedYetDoesNotServe() throws SQLException {
        String search = "select annex.search(null::late, 'embedding', '{1,0}')";
        session.run(
                "create table late (id int primary key, embedding real[])",
                "insert into late values (1, '{1,0}')");
        try (Session creator = annex.session()) {
            creator.run(
                    "set annex.fallback to exact",
                    "begin",
                    "select annex.create_index('late', 'embedding')");
            assertNotNull(creator.warningOf(search));
            creator.run("commit", "set annex.fallback to error");
            creator.run("select annex.wait_for_index('late_embedding', '1 minute')");
            assertNull(creator.warningOf(search));
        }
        session.run("drop table late");
    }

    private String dblink() throws SQLException {
        return session.value(
                "select extnamespace::regnamespace from pg_extension where extname = 'dblink'");
    }
}
