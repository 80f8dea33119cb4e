package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * More than fits into 32 MB of index memory: an index of 12 MB serves, one of 18 MB is refused and
 * comes by itself when there is room, and the process lives through all of it.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class MemoryBudgetTest {
    private static final int DIMENSION = 256;
    private static final long LIMIT = 32 << 20;
    private static final String QUERY =
            IntStream.range(0, DIMENSION)
                    .mapToObj(i -> i % 7 + "")
                    .collect(Collectors.joining(",", "'{", "}'"));

    private AnnexOnPostgres annex;
    private Session session;

    @BeforeAll
    void load(@TempDir Path directory) throws Exception {
        annex = AnnexOnPostgres.start(directory, Map.of("ANNEX_MEMORY_LIMIT_MEGABYTES", "32"));
        session = annex.session();
        session.run("select setseed(0.5)");
        table("first", 12_000);
        table("second", 18_000);
        table("small", 500);
        session.run(
                "alter table second set (autovacuum_enabled = off)",
                index("first"),
                "select annex.wait_for_index('first_v', '1 minute')");
    }

    @AfterAll
    void close() throws Exception {
        session.close();
        annex.close();
    }

    private void table(String name, int rows) throws SQLException {
        session.run(
                "create table " + name + " (id int primary key, v real[])",
                "insert into "
                        + name
                        + " select i, (select array_agg(random() - 0.5) from generate_series(1, "
                        + DIMENSION
                        + ") where i > 0)::real[] from generate_series(1, "
                        + rows
                        + ") i");
    }

    private static String index(String table) {
        return "select annex.create_index('" + table + "', 'v', metric => 'l2', method => 'flat')";
    }

    private static String nearest(String table) {
        return "select (hit).id from annex.search(null::" + table + ", 'v', " + QUERY + ", 3)";
    }

    private void assertAnswers(String table) throws SQLException {
        assertEquals(
                session.rows(
                        "select id from "
                                + table
                                + " order by annex.distance('l2', v, "
                                + QUERY
                                + ") limit 3"),
                session.rows(nearest(table)));
    }

    private void assertRefused() throws SQLException {
        session.refuses(
                "53000",
                "bytes of index memory",
                "select annex.wait_for_index('second_v', '1 minute')");
        assertEquals(
                "failed,t",
                session.value(
                        "select state, message ~ '33,554,432 bytes of index memory.*Raise the"
                                + " memory limit' from annex.index_status where index_name ="
                                + " 'second_v'"));
        session.refuses("55000", "index memory", nearest("second"));
        assertEquals(1, annex.sidecar().counted("annex_failed_indexes"));
        assertEquals(LIMIT, annex.sidecar().counted("annex_memory_limit_bytes"));
    }

    /** The planner knows nothing of the table, so the copy goes as far as it can. */
    @Test
    @Order(1)
    void aCopyThatDoesNotFitIsRefusedWithTheNumbers() throws SQLException {
        session.run(index("second"));
        assertRefused();
        assertAnswers("first");
        try (Session patient = annex.session()) {
            patient.run("set annex.fallback = 'exact'");
            assertEquals(3, patient.rows(nearest("second")).size());
        }
    }

    @Test
    @Order(2)
    void whatItHadTakenIsForOthers() throws SQLException {
        assertTrue(annex.sidecar().counted("annex_memory_used_bytes") < 20_000_000);
        session.run(index("small"), "select annex.wait_for_index('small_v', '1 minute')");
        assertAnswers("small");
        session.run("insert into first values (0, " + QUERY + ")");
        assertAnswers("first");
        assertEquals("0", session.rows(nearest("first")).getFirst());
    }

    /** Now the planner knows, and nothing is copied to find out. */
    @Test
    @Order(3)
    void whatCannotFitIsNotEvenCopied() throws SQLException {
        session.run("analyze second", "select annex.drop_index('second_v')", index("second"));
        assertRefused();
        assertEquals(
                "t",
                session.value(
                        "select message ~ 'about 18,000 rows of public.second need at least"
                                + " 18,720,000 bytes' from annex.index_status where index_name ="
                                + " 'second_v'"));
    }

    @Test
    @Order(4)
    void itComesByItselfWhenThereIsRoom() throws Exception {
        session.run("select annex.drop_index('first_v')");
        long deadline = System.nanoTime() + 30_000_000_000L;
        String state = "failed";
        while (!state.equals("ready") && System.nanoTime() < deadline) {
            Thread.sleep(50);
            state =
                    session.value(
                            "select state from annex.index_status where index_name = 'second_v'");
        }
        assertEquals("ready", state);
        session.run("select annex.wait_for_index('second_v', '1 minute')");
        assertAnswers("second");
        assertEquals(0, annex.sidecar().counted("annex_failed_indexes"));
    }

    /** What is on disk and does not fit any more stands in nobody's way. */
    @Test
    @Order(5)
    void aRestartWithLessMemoryServesWhatFits() throws SQLException {
        annex.stopSidecar();
        annex.startSidecar(Map.of("ANNEX_MEMORY_LIMIT_MEGABYTES", "16"));
        session.run("select annex.wait_for_index('small_v', '1 minute')");
        assertAnswers("small");
        session.refuses(
                "53000",
                "of 16,777,216 bytes of index memory",
                "select annex.wait_for_index('second_v', '1 minute')");
        annex.stopSidecar();
        annex.startSidecar(Map.of("ANNEX_MEMORY_LIMIT_MEGABYTES", "32"));
        session.run("select annex.wait_for_index('second_v', '1 minute')");
        assertAnswers("second");
    }

    /** An index that serves and finds no memory for a row may not answer without it. */
    @Test
    @Order(6)
    void anIndexThatOutgrowsTheMemorySaysSo() throws SQLException {
        session.run(
                "insert into second select i, (select array_agg(random() - 0.5) from"
                        + " generate_series(1, 256) where i > 0)::real[] from"
                        + " generate_series(100001, 120000) i");
        session.refuses("55000", "bytes of index memory", nearest("second"));
        assertAnswers("small");
        assertEquals(1, annex.sidecar().counted("annex_failed_indexes"));
    }
}
