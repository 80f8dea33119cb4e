package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.migrations.AnnexMigrations;
import io.annexdb.sidecar.SidecarUnderTest;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;

/**
 * After the installation nobody needs to be a superuser: the sidecar connects as the role that
 * annex.setup has made, and a role without attributes does all that an application does.
 */
class OrdinaryRoleTest {
    @TempDir Path folder;

    @Test
    void anOrdinaryRoleCreatesSearchesVerifiesAndDrops() throws Exception {
        try (EmbeddedPostgres postgres =
                EmbeddedPostgres.builder()
                        .setServerConfig("wal_level", "logical")
                        .setServerConfig("max_slot_wal_keep_size", "4GB")
                        .setServerConfig("max_prepared_transactions", "2")
                        .start()) {
            // Names no user, for that would be everybody's.
            String url = "jdbc:postgresql://127.0.0.1:" + postgres.getPort() + "/postgres";
            AnnexMigrations.migrate(url, "postgres", null, Map.of());
            int port = AnnexServer.freePort();
            try (Session superuser = Session.open(url, "postgres")) {
                superuser.rows(
                        "select * from annex.setup(?, jsonb_build_array(jsonb_build_object('group',"
                                + " 0, 'host', '127.0.0.1', 'port', ?)), sidecar_role =>"
                                + " 'annex_sidecar')",
                        SidecarUnderTest.SECRET,
                        port);
                superuser.run(
                        "create role app login",
                        "create role reader login",
                        "create schema app authorization app");
            }
            try (SidecarUnderTest sidecar =
                            SidecarUnderTest.start("main", url, "annex_sidecar", folder, port);
                    Session app = Session.open(url, "app")) {
                assertTrue(sidecar.port() > 0);
                app.run(
                        "set search_path to app",
                        "create table docs (id bigint primary key, embedding real[])",
                        "insert into docs select i, array[i, 1] from generate_series(1, 200) i",
                        "select annex.create_index('docs', 'embedding', metric => 'l2')",
                        "select annex.wait_for_index('docs_embedding', '1 minute')");
                assertEquals(
                        List.of("1,0", "2,1"),
                        app.rows(
                                "select (hit).id, distance from annex.search(null::docs,"
                                        + " 'embedding', '{1,1}', 2)"));
                assertEquals(
                        "200,200,0",
                        app.value(
                                "select table_rows, index_rows, different from"
                                        + " annex.verify('docs_embedding')"));
                assertEquals(
                        "beyond k,17,the row has rank 17 among those that match; k is 10",
                        app.value(
                                "select reason, rank, replace(message, ',', ';') from"
                                        + " annex.explain_row('docs_embedding', '17', '{1,1}')"));
                assertMissingRightsAreNamed(app, url);
                assertStatusTellsOfLagAndLog(app);
                assertAForgottenTransactionIsNamed(app);
                app.run("select annex.drop_index('docs_embedding')", "drop table docs");
                assertEquals("0", app.value("select count(*) from annex.indexes"));
            }
        }
    }

    /** Whoever does what the hint says can search. */
    private static void assertMissingRightsAreNamed(Session app, String url) throws Exception {
        app.run("grant usage on schema app to reader", "grant select (id) on docs to reader");
        String search =
                "select distance from annex.search(null::app.docs, 'embedding', '{1,1}', 1)";
        String grant = "GRANT SELECT ON app.docs TO reader;";
        try (Session reader = Session.open(url, "reader")) {
            SQLException refused = assertThrows(SQLException.class, () -> reader.run(search));
            assertEquals("42501", refused.getSQLState());
            assertTrue(refused.toString().contains(grant), refused.toString());
            app.run(grant);
            assertEquals("0", reader.value(search));
        }
    }

    private static void assertStatusTellsOfLagAndLog(Session app) throws Exception {
        app.run("insert into docs values (1000, '{1000,1}')");
        app.rows("select (hit).id from annex.search(null::docs, 'embedding', '{1,1}', 1)");
        Thread.sleep(300); // an audit
        assertEquals(
                "t,t,t,reserved,null",
                app.value(
                        "select lag_seconds between 0 and 60, retained_bytes > 0, safe_bytes >"
                                + " 1000000000, wal_status, advice from annex.sidecar_status"));
        assertEquals(
                "ready,t",
                app.value(
                        "select phase, lag_seconds >= 0 from annex.index_progress"
                                + " join annex.index_status using (index_name, phase)"));
    }

    /** An index that waits for a prepared transaction says for which, and since when. */
    private static void assertAForgottenTransactionIsNamed(Session app) throws Exception {
        app.run(
                "create table more (id int primary key, embedding real[])",
                "insert into more values (1, '{1,2}')",
                "begin",
                "insert into docs values (1001, '{1001,1}')",
                "prepare transaction 'forgotten one'",
                "select annex.create_index('more', 'embedding', metric => 'l2')");
        String progress =
                "select phase || ': ' || waits_for from annex.index_progress where index_name ="
                        + " 'more_embedding' and waits_for is not null";
        long deadline = System.nanoTime() + 30_000_000_000L;
        while (app.rows(progress).isEmpty()) {
            assertTrue(System.nanoTime() < deadline, "nothing is said of the transaction");
            Thread.sleep(50);
        }
        String told = app.value(progress);
        assertTrue(told.startsWith("waiting for a snapshot"), told);
        assertTrue(told.contains("prepared transaction 'forgotten one' of app since"), told);
        assertTrue(told.matches(".*\\(\\d\\d:\\d\\d:\\d\\d\\).*"), told);
        String waited =
                assertThrows(
                                SQLException.class,
                                () ->
                                        app.run(
                                                "select annex.wait_for_index('more_embedding', '3"
                                                        + " s')"))
                        .toString();
        assertTrue(waited.contains("prepared transaction 'forgotten one' of app since"), waited);
        assertTrue(waited.contains("rollback prepared"), waited);
        app.run(
                "commit prepared 'forgotten one'",
                "select annex.wait_for_index('more_embedding', '1 minute')",
                "select annex.drop_index('more_embedding')");
    }
}
