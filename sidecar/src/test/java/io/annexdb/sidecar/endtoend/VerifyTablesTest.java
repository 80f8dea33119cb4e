package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annexdb.sidecar.model.RowKey;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/** {@code annex.verify} over rows that never rest, every kind of index, and partitions. */
class VerifyTablesTest {
    @RegisterExtension static final SharedAnnex ANNEX = new SharedAnnex();

    private final AnnexOnPostgres annex = ANNEX.running();
    private final Session session = ANNEX.session();

    /**
     * Its vector is stored out of line, so that the updates of its other columns do not bring it
     * along and cure it.
     */
    @Test
    void rowsThatNeverRestAreJudged() throws Exception {
        session.run(
                "create table busy (id int primary key, price int, embedding real[])",
                "alter table busy alter column embedding set storage external",
                "insert into busy select i, 0, array_fill(i::real, array[600]) from"
                        + " generate_series(1, 300) i",
                "select annex.create_index('busy', 'embedding', metric => 'l2', method => 'flat',"
                        + " include => '{price}')",
                "select annex.wait_for_index('busy_embedding', '1 minute')");
        TamperedIndex.restart(
                ANNEX,
                index -> {
                    if (index.definition().relation().equals("public.busy")) {
                        index.upsert(RowKey.of("7"), null, new float[600]);
                        index.delete(RowKey.of("8"));
                    }
                });
        session.run("select annex.wait_for_index('busy_embedding', '1 minute')");
        AtomicBoolean stop = new AtomicBoolean();
        Thread writer =
                Thread.ofPlatform()
                        .start(() -> {
                            try (Session own = annex.session()) {
                                while (!stop.get()) {
                                    own.run(
                                            "update busy set price = price + 1 where id in (7, 8,"
                                                    + " 9)");
                                }
                            } catch (SQLException e) {
                                throw new IllegalStateException(e);
                            }
                        });
        try {
            assertEquals(
                    List.of("3 missing 8", "3 other vector 7"),
                    session
                            .rows(
                                    "select changing || ' ' || (d ->> 'kind') || ' ' || (d -> 'key'"
                                            + " ->> 'id') from annex.verify('busy_embedding',"
                                            + " false), jsonb_array_elements(differences) d")
                            .stream()
                            .sorted()
                            .toList());
        } finally {
            stop.set(true);
            writer.join();
        }
        String repaired = "select different, repaired from annex.verify('busy_embedding')";
        assertEquals("2,2", session.value(repaired));
        assertEquals("0,0", session.value(repaired));
    }

    @Test
    void everyKindOfIndexIsCompared() throws SQLException {
        session.run(
                "create table codes (id int primary key, code bit(12))",
                "insert into codes select i, (i * 37)::bit(12) from generate_series(1, 300) i",
                "create table wide (id int primary key, embedding real[])",
                "insert into wide select i, (select array_agg(sin(i * g)) from generate_series(1,"
                        + " 64) g)::real[] from generate_series(1, 1500) i",
                "select annex.create_index('codes', 'code', metric => 'hamming')",
                "select annex.create_index('wide', 'embedding', method => 'hnsw', options =>"
                        + " '{\"quantization\": \"rabitq\", \"vectors\": \"mapped\"}')",
                "select annex.wait_for_index('codes_code', '1 minute')",
                "select annex.wait_for_index('wide_embedding', '1 minute')");
        String both =
                "select table_rows, index_rows, different, repaired from annex.verify('codes_code')"
                        + " union all select table_rows, index_rows, different, repaired from"
                        + " annex.verify('wide_embedding')";
        assertEquals(List.of("300,300,0,0", "1500,1500,0,0"), session.rows(both));
        TamperedIndex.restart(
                ANNEX,
                index -> {
                    switch (index.definition().index().name()) {
                        case "codes_code" -> {
                            float[] bits = new float[12];
                            bits[3] = 1;
                            index.upsert(RowKey.of("7"), null, bits);
                        }
                        case "wide_embedding" -> index.delete(RowKey.of("8"));
                        default -> {}
                    }
                });
        session.run(
                "select annex.wait_for_index('codes_code', '1 minute')",
                "select annex.wait_for_index('wide_embedding', '1 minute')");
        assertEquals(List.of("300,300,1,1", "1500,1499,1,1"), session.rows(both));
        assertEquals(List.of("300,300,0,0", "1500,1500,0,0"), session.rows(both));
    }

    @Test
    void partitionsAreComparedOneByOne() throws SQLException {
        session.run(
                "create table parted (id int, embedding real[], primary key (id)) partition by"
                        + " range (id)",
                "create table parted_1 partition of parted for values from (0) to (100)",
                "create table parted_2 partition of parted for values from (100) to (300)",
                "insert into parted select i, array[i, 1] from generate_series(1, 250) i",
                "select annex.create_index('parted', 'embedding', metric => 'l2')",
                "select annex.wait_for_index('parted_embedding', '1 minute')");
        assertEquals(
                List.of("public.parted_1,99,99,0,[]", "public.parted_2,151,151,0,[]"),
                session.rows(
                        "select relation, table_rows, index_rows, different, differences from"
                                + " annex.verify('parted_embedding') order by relation"));
    }
}
