package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;

/**
 * A column whose vectors get another dimension: the index takes it as soon as it has no row of the
 * former one, and until then says what it skips.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DimensionTest {
    private static final String NAME = "docs_embedding";

    private AnnexOnPostgres annex;
    private Session session;

    @BeforeAll
    void start(@TempDir Path directory) throws Exception {
        annex = AnnexOnPostgres.start(directory);
        session = annex.session();
    }

    @BeforeEach
    void createTable() throws SQLException {
        session.run(
                "drop table if exists docs, prints",
                "create table docs (id int primary key, embedding real[])",
                threes(1, 3),
                "set annex.fallback = 'error'");
    }

    @AfterAll
    void close() throws Exception {
        session.close();
        annex.close();
    }

    private static String threes(int from, int to) {
        return "insert into docs select i, array[i, 1, 1] from generate_series(%d, %d) i"
                .formatted(from, to);
    }

    private static String fours(int from, int to) {
        return "insert into docs select i, array[i, 1, 1, 1] from generate_series(%d, %d) i"
                .formatted(from, to);
    }

    private void createIndex(String more) throws SQLException {
        session.run("select annex.create_index('docs', 'embedding', metric => 'l2'" + more + ")");
        await();
    }

    private void await() throws SQLException {
        session.run("select annex.wait_for_index('" + NAME + "', '1 minute')");
    }

    private String status() throws SQLException {
        return session.value(
                "select state, rows, skipped, dimension from annex.index_status where index_name ="
                        + " '"
                        + NAME
                        + "'");
    }

    private List<String> found(String query) throws SQLException {
        return session.rows(
                "select (hit).id from annex.search(null::docs, 'embedding', '" + query + "')");
    }

    @Test
    void truncatedTable() throws SQLException {
        createIndex("");
        session.run("truncate docs", fours(11, 13));
        assertEquals(List.of("11", "12", "13"), found("{11,1,1,1}"));
        assertEquals("ready,3,0,4", status());
        session.refuses("22000", "expected 4 dimensions, not 3", search("{1,1,1}"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void deletedRows(boolean restarted) throws SQLException {
        createIndex("");
        session.run("delete from docs");
        assertEquals(List.of(), found("{1,1,1}"));
        if (restarted) {
            restart();
        }
        session.run(fours(11, 13));
        if (restarted) {
            await();
        }
        assertEquals(List.of("11", "12", "13"), found("{11,1,1,1}"));
        assertEquals("ready,3,0,4", status());
    }

    /**
     * Tombstones are reclaimed, and with them goes the dimension; unless rows were skipped for it,
     * or may have been: then one of them keeps it.
     */
    @ParameterizedTest
    @CsvSource({"false, false", "true, false", "false, true", "true, true"})
    void reclaimed(boolean skips, boolean restarted) throws Exception {
        session.run(threes(4, 1_500));
        createIndex("");
        if (skips) {
            session.run(fours(2_001, 2_002));
        }
        session.run("delete from docs where id < 2000");
        if (restarted) {
            restart();
        }
        long deadline = System.nanoTime() + 30_000_000_000L;
        String reclaimed = "select rows < 1000 and tombstones < 1000 from annex.index_status";
        while (!session.value(reclaimed).equals("t")) {
            assertTrue(System.nanoTime() < deadline, "tombstones stay");
            Thread.sleep(50);
        }
        List<String> skipped = skips ? List.of("2001", "2002") : List.of();
        session.run("set annex.fallback = 'exact'");
        assertEquals(skipped, found("{2001,1,1,1}"));
        session.run("set annex.fallback = 'error'");
        await();
        assertEquals(skipped, found("{2001,1,1,1}"));
        session.run(fours(2_003, 2_003));
        assertEquals(
                skips ? List.of("2001", "2002", "2003") : List.of("2003"), found("{2001,1,1,1}"));
        assertEquals(skips ? "ready,3,0,4" : "ready,1,0,4", status());
    }

    /** The last row has gone after others of the new dimension were skipped. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void rowsThatWereSkippedBeforeComeAsWell(boolean restarted) throws SQLException {
        createIndex("");
        session.run(fours(11, 12), "delete from docs where id < 10");
        assertEquals(List.of(), found("{1,1,1}"));
        if (restarted) {
            restart();
        }
        session.run(fours(13, 13));
        await();
        assertEquals(List.of("11", "12", "13"), found("{11,1,1,1}"));
        assertEquals("ready,3,0,4", status());
    }

    /** A query of the new dimension shows, too, that the former one is over. */
    @Test
    void askedForWhatWasSkipped() throws SQLException {
        createIndex("");
        session.run(fours(11, 12), "delete from docs where id < 10");
        assertEquals(List.of(), found("{1,1,1}"));
        restart();
        session.run("set annex.fallback = 'exact'");
        assertEquals(List.of("11", "12"), found("{11,1,1,1}"));
        session.run("set annex.fallback = 'error'");
        await();
        assertEquals(List.of("11", "12"), found("{11,1,1,1}"));
        assertEquals("ready,2,0,4", status());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "update docs set embedding = embedding || 1::real",
                "alter table docs alter column embedding type real[] using embedding || 1::real"
            })
    void allAtOnce(String statement) throws SQLException {
        createIndex("");
        session.run(statement);
        await();
        assertEquals(List.of("1", "2", "3"), found("{1,1,1,1}"));
        assertEquals("ready,3,0,4", status());
        restart();
        assertEquals(List.of("1", "2", "3"), found("{1,1,1,1}"));
    }

    /** One row of a former dimension keeps the others out, and that is told. */
    @Test
    void skippedRowsAreTold() throws SQLException {
        createIndex("");
        assertNull(session.warningOf("select annex.wait_for_index('" + NAME + "')"));
        session.run(fours(11, 12));
        assertEquals(List.of("1", "2", "3"), found("{1,1,1}"));
        assertEquals("ready,3,2,3", status());
        String told = "2 rows skipped: dimension 4, the index has 3";
        assertTrue(message().startsWith(told), message());
        String warning = session.warningOf("select annex.wait_for_index('" + NAME + "')");
        assertNotNull(warning);
        assertTrue(warning.contains(told), warning);
        assertEquals("null", session.value("select waits_for from annex.index_progress"));

        session.run("update docs set embedding = '{5,5,5}' where id = 11");
        session.run("delete from docs where id = 12");
        assertEquals(List.of("1", "2", "3", "11"), found("{1,1,1}"));
        assertEquals("ready,4,0,3", status());
        assertEquals("null", message());
    }

    /** Exact SQL finds them; the index says that it does not. */
    @Test
    void askedForWhatIsSkipped() throws SQLException {
        createIndex("");
        session.run(fours(11, 12));
        String why = "index \"docs_embedding\" skips rows of 4 dimensions: it has 3";
        session.refuses("55000", why, search("{11,1,1,1}"));
        session.refuses("22000", "expected 3 dimensions, not 5", search("{1,1,1,1,1}"));
        session.run("set annex.fallback = 'exact'");
        for (String more : List.of("", ", filter => 'id > 0'")) {
            assertEquals(
                    List.of("11", "12"),
                    session.rows(
                            "select (hit).id from annex.search(null::docs, 'embedding',"
                                    + " '{11,1,1,1}'"
                                    + more
                                    + ")"));
        }
        String warning = session.warningOf(search("{11,1,1,1}"));
        assertTrue(warning != null && warning.contains(why), warning);
        session.refuses("22000", "expected 3 dimensions, not 5", search("{1,1,1,1,1}"));
        session.run("update docs set embedding = '{5,5,5}' where id > 10");
        session.refuses("22000", "expected 3 dimensions, not 4", search("{1,1,1,1}"));
        assertEquals("ready,5,0,3", status());
    }

    /** More of them than the index has rows; each is counted for what is wrong with it. */
    @Test
    void skippedRowsAreCountedUntilTheyAreCorrected() throws SQLException {
        session.run("alter table docs alter embedding set storage external");
        createIndex("");
        session.run(
                fours(101, 12_100),
                "insert into docs select i, array[i, 'NaN'::real, 1] from generate_series(20001,"
                        + " 20002) i",
                "insert into docs select i, array_fill(i::real, array[600]) from"
                        + " generate_series(30001, 30003) i");
        assertEquals(List.of("1", "2", "3"), found("{1,1,1}"));
        assertEquals("ready,3,12005,3", status());
        assertTrue(
                message().startsWith("12,003 rows skipped: dimension 4 to 600, the index has 3"),
                message());
        assertTrue(message().contains("; 2 rows skipped: no vector in them"), message());

        // Long vectors are stored apart, and the stream does not send those that stay.
        session.run("update docs set id = id + 10 where id > 30000");
        session.run("update docs set embedding = '{5,5,5}' where id between 101 and 12099");
        assertEquals(List.of("1", "2", "3"), found("{1,1,1}").subList(0, 3));
        assertEquals("ready,12002,6,3", status());
        session.run("delete from docs where id = 12100 or id > 30000");
        assertEquals(List.of("1", "2", "3"), found("{1,1,1}").subList(0, 3));
        assertEquals("ready,12002,2,3", status());
        assertTrue(message().startsWith("2 rows skipped: no vector in them"), message());
        session.run("delete from docs where id > 20000");
        assertEquals(List.of("1", "2", "3"), found("{1,1,1}").subList(0, 3));
        assertEquals("ready,12002,0,3", status());
        assertEquals("null", message());
    }

    /** Partitions that have not one dimension: no query fits, and that is told. */
    @Test
    void partitionsOfTwoDimensions() throws SQLException {
        session.run(
                "drop table docs",
                "create table docs (id int primary key, embedding real[]) partition by range (id)",
                "create table docs_low partition of docs for values from (0) to (10)",
                "create table docs_high partition of docs for values from (10) to (99999)");
        createIndex("");
        session.run(threes(1, 3), fours(11, 12));
        String told = "its relations have vectors of 3 and 4 dimensions, so that no query fits all";
        for (String query : List.of("{1,1,1}", "{1,1,1,1}")) {
            session.refuses(
                    "55000", "index \"docs_embedding\" is out of service: " + told, search(query));
        }
        assertEquals("failed,5,0,4", status());
        assertTrue(message().startsWith(told), message());
        session.refuses("55000", told, "select annex.wait_for_index('" + NAME + "', '1 minute')");
        session.run("set annex.fallback = 'exact'");
        assertEquals(List.of("1", "2", "3"), found("{1,1,1}"));
        assertEquals(List.of("11", "12"), found("{11,1,1,1}"));
        session.refuses("22000", "dimensions, not 5", search("{1,1,1,1,1}"));

        session.run("set annex.fallback = 'error'", "truncate docs_low", fours(1, 3));
        assertEquals(List.of("1", "2", "3", "11", "12"), found("{1,1,1,1}"));
        assertEquals("ready,5,0,4", status());
        assertEquals("null", message());
    }

    @Test
    void givenDimensionStays() throws SQLException {
        createIndex(", options => '{\"dimension\": 3}'");
        session.run("truncate docs", fours(11, 13));
        assertEquals(List.of(), found("{1,1,1}"));
        assertEquals("ready,0,3,3", status());
        assertTrue(message().startsWith("3 rows skipped: dimension 4, the index has 3"));
        session.refuses("22000", "expected 3 dimensions, not 4", search("{1,1,1,1}"));
    }

    /** The type of a column of bits says how many there are. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anotherType(boolean stopped) throws SQLException {
        session.run(
                "create table prints (id int primary key, code bit(3))",
                "insert into prints values (1, b'101'), (2, b'111')",
                "select annex.create_index('prints', 'code', metric => 'hamming')",
                "select annex.wait_for_index('prints_code', '1 minute')");
        if (stopped) {
            annex.stopSidecar();
        }
        session.run(
                "alter table prints alter column code type bit(5) using (code || b'00')::bit(5)");
        if (stopped) {
            annex.startSidecar();
        }
        session.run("select annex.wait_for_index('prints_code', '1 minute')");
        assertEquals(
                List.of("2", "1"),
                session.rows(
                        "select (hit).id from annex.search(null::prints, 'code',"
                                + " annex.bits(b'11100'))"));
        session.refuses(
                "22000",
                "expected 5 dimensions, not 3",
                "select * from annex.search(null::prints, 'code', annex.bits(b'111'))");
    }

    private String message() throws SQLException {
        return session.value(
                "select message from annex.index_status where index_name = '" + NAME + "'");
    }

    private static String search(String query) {
        return "select * from annex.search(null::docs, 'embedding', '" + query + "')";
    }

    private void restart() throws SQLException {
        annex.stopSidecar();
        annex.startSidecar();
        await();
    }
}
