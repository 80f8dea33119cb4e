package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Random;

/**
 * Columns of bits, judged by PostgreSQL's own operators on bit strings. Distances have few values
 * and rows many ties, so distances are compared in order, and every row with its distance.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BitMetricsTest {
    private static final long SEED = 20261122;
    private static final int ROWS = 4_000;
    private static final int BITS = 203;
    private static final String HAMMING = "bit_count(code # q)::float8";
    private static final String JACCARD =
            "case when bit_count(code & q) = 0 then 1"
                    + " else 1 - bit_count(code & q)::float8 / bit_count(code | q) end";

    private final Random random = new Random(SEED);
    private AnnexOnPostgres annex;
    private Session session;

    @BeforeAll
    void load(@TempDir Path directory) throws Exception {
        System.out.println("seed " + SEED);
        annex = AnnexOnPostgres.start(directory);
        session = annex.session();
        session.run(
                "create table hamming_prints (id int primary key, tenant int, code bit("
                        + BITS
                        + "))",
                "create table jaccard_prints (id int primary key, tenant int, code bit varying)",
                "select annex.create_index('hamming_prints', 'code', metric => 'hamming',"
                        + " method => 'hnsw', namespace_column => 'tenant')");
        insert("hamming_prints", 0, ROWS);
        insert("jaccard_prints", 0, ROWS);
        // Jaccard comes by the first copy, Hamming by the stream.
        session.run(
                "select annex.create_index('jaccard_prints', 'code', metric => 'Jaccard',"
                        + " method => 'flat', namespace_column => 'tenant')",
                "select annex.wait_for_index('hamming_prints_code', '1 minute')",
                "select annex.wait_for_index('jaccard_prints_code', '1 minute')");
    }

    @AfterAll
    void close() throws Exception {
        session.close();
        annex.close();
    }

    private void insert(String table, int first, int last) throws SQLException {
        StringBuilder values = new StringBuilder();
        for (int id = first; id < last; id++) {
            values.append(id == first ? "" : ", ")
                    .append("(%d, %d, b'%s')".formatted(id, id % 5, bits(BITS)));
        }
        session.run("insert into " + table + " values " + values);
    }

    /** Runs of ones and zeros, so that there are near and far. */
    private String bits(int count) {
        StringBuilder bits = new StringBuilder();
        while (bits.length() < count) {
            bits.append((random.nextInt(3) == 0 ? "1" : "0").repeat(1 + random.nextInt(24)));
        }
        return bits.substring(0, count);
    }

    private static String formula(String table) {
        return table.startsWith("hamming") ? HAMMING : JACCARD;
    }

    private List<String> exact(String table, String bits, String where, int k) throws SQLException {
        return session.rows(
                "select %s as d from %s, (select b'%s'::bit varying as q) q where %s order by d limit %d"
                        .formatted(formula(table), table, bits, where, k));
    }

    private void assertSearch(String table, String where, String arguments, int k)
            throws SQLException {
        String bits = bits(BITS);
        List<String> expected = exact(table, bits, where, k);
        String search =
                "annex.search(null::%s, 'code', annex.bits(b'%s'), %d%s)"
                        .formatted(table, bits, k, arguments);
        assertEquals(expected, session.rows("select distance from " + search), () -> table + where);
        assertEquals(
                List.of(expected.size() + "," + expected.size()),
                session.rows(
                        "select count(*), count(*) filter (where s.distance = %s) from %s s join %s t on t.id = (s.hit).id, (select b'%s'::bit varying as q) q where %s"
                                .formatted(
                                        formula(table).replace("code", "t.code"),
                                        search,
                                        table,
                                        bits,
                                        where.replace("tenant", "t.tenant")
                                                .replace("id", "t.id"))));
    }

    @ParameterizedTest
    @ValueSource(strings = {"hamming_prints", "jaccard_prints"})
    void findsWhatPostgresqlFinds(String table) throws SQLException {
        for (int i = 0; i < 10; i++) {
            assertSearch(table, "true", ", ef_search => 400", 10);
            assertSearch(table, "tenant = 3", ", namespace => '3'", 10);
            assertSearch(table, "id % 7 = 2", ", filter => 'id % 7 = 2', ef_search => 400", 10);
            assertSearch(table, "id % 900 = 2", ", filter => 'id % 900 = 2'", 10);
        }
        assertSearch(table, "true", "", ROWS);
    }

    @ParameterizedTest
    @ValueSource(strings = {"hamming_prints", "jaccard_prints"})
    void aRowThatHasChangedIsFoundWithItsNewBits(String table) throws SQLException {
        String bits = bits(BITS);
        String nearest =
                "select (hit).id, distance from annex.search(null::%s, 'code', annex.bits(b'%s'), 1)"
                        .formatted(table, bits);
        session.run("update %s set code = b'%s' where id = 17".formatted(table, bits));
        assertEquals(List.of("17,0"), session.rows(nearest));
        session.run("update %s set code = ~code where id = 17".formatted(table));
        assertEquals("0", session.value("select count(*) from (" + nearest + ") n where id = 17"));
        session.run("update %s set code = null where id = 18".formatted(table));
        session.run("delete from %s where id = 19".formatted(table));
        assertSearch(table, "code is not null", "", ROWS);
    }

    @ParameterizedTest
    @ValueSource(strings = {"hamming_prints", "jaccard_prints"})
    void ownWritesAndOldSnapshotsAreAnsweredByTheSameFormula(String table) throws SQLException {
        session.run("begin", "update %s set tenant = tenant where id = 3".formatted(table));
        try {
            assertSearch(table, "code is not null", "", 25);
        } finally {
            session.run("rollback");
        }
        session.run("begin isolation level repeatable read");
        try {
            assertSearch(table, "tenant = 2 and code is not null", ", namespace => '2'", 25);
        } finally {
            session.run("rollback");
        }
    }

    @Test
    void twoZeroVectorsAreFarApartUnderJaccardAndNotUnderHamming() throws SQLException {
        for (String metric : List.of("hamming", "jaccard")) {
            String table = metric + "_zeros";
            session.run(
                    "create table %s (id int primary key, code bit(9))".formatted(table),
                    "insert into %s values (1, b'000000000'), (2, b'100000000')".formatted(table),
                    "select annex.create_index('%s', 'code', metric => '%s')"
                            .formatted(table, metric),
                    "select annex.wait_for_index('%s_code', '1 minute')".formatted(table));
            assertEquals(
                    metric.equals("hamming") ? List.of("1,0", "2,1") : List.of("1,1", "2,1"),
                    session.rows(
                            "select (hit).id, distance from annex.search(null::%s, 'code', '{0,0,0,0,0,0,0,0,0}')"
                                    .formatted(table)));
        }
    }

    @Test
    void whatIsNoBitIsRefused() {
        session.refuses(
                "22P02",
                "element 2 of the query is not a bit",
                "select annex.search(null::hamming_prints, 'code',"
                        + " array[0, 0.5] || array_fill(1::real, array["
                        + (BITS - 2)
                        + "]))");
        session.refuses(
                "22000",
                "expected " + BITS + " dimensions, not 3",
                "select annex.search(null::hamming_prints, 'code', annex.bits(b'101'))");
        session.refuses(
                "42804",
                "hamming is one of bits",
                "select annex.distance('hamming', '{1}', '{0}')");
        session.refuses("22023", "l2", "select annex.bit_distance('l2', b'1', b'0')");
    }

    @Test
    void otherLengthsAreSkippedAndTheSidecarStartsAgainWithAllBits() throws Exception {
        session.run("insert into jaccard_prints values (100000, 1, b'101')");
        assertSearch("jaccard_prints", "length(code) = " + BITS, "", ROWS);
        session.run("delete from jaccard_prints where id = 100000");
        annex.stopSidecar();
        annex.startSidecar();
        session.run(
                "select annex.wait_for_index('hamming_prints_code', '1 minute')",
                "select annex.wait_for_index('jaccard_prints_code', '1 minute')");
        assertSearch("hamming_prints", "code is not null", ", ef_search => 400", 10);
        assertSearch("jaccard_prints", "code is not null", "", ROWS);
        long memoryBytes =
                Long.parseLong(
                        session.value(
                                "select memory_bytes from annex.index_status where index_name ="
                                        + " 'jaccard_prints_code'"));
        assertTrue(memoryBytes > 0, "memory " + memoryBytes);
    }
}
