package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.SidecarUnderTest;
import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.model.RowKey;

import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.RegisterExtension;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * {@code annex.verify} finds what was made wrong in the index, that and nothing else, and repairs
 * it, while rows are written. The judge is the list of what was made wrong, and in the end the
 * table.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class VerifyTest {
    private static final long SEED = Long.getLong("annex.seed", System.nanoTime());
    private static final int ROWS = 12_000;

    /** Rows up to here are written by nobody. */
    private static final int QUIET = 3_000;

    private static final String SUMMARY =
            "select table_rows, index_rows, different, repaired, rebuilding from"
                    + " annex.verify('docs_embedding', ";
    private static final String LISTED =
            "select (d ->> 'kind') || ' ' || (d -> 'key' ->> 'tenant') || '/' || (d -> 'key' ->>"
                    + " 'id') from annex.verify('docs_embedding', ";

    @RegisterExtension
    static final SharedAnnex ANNEX =
            new SharedAnnex(
                    "create table docs (tenant text, id int, price int, tags text[], embedding"
                            + " real[], primary key (tenant, id))",
                    "insert into docs select 't' || i % 5, i, i, array['tag ' || i % 3],"
                            + " array[sin(i), cos(i), 1] from generate_series(1, "
                            + ROWS
                            + ") i",
                    "select annex.create_index('docs', 'embedding', method => 'flat',"
                            + " namespace_column => 'tenant', include => '{price, tags}')",
                    "select annex.wait_for_index('docs_embedding', '1 minute')");

    private final Random random = new Random(SEED);
    private final AnnexOnPostgres annex = ANNEX.running();
    private final Session session = ANNEX.session();

    private void tamper(Consumer<VectorIndex> change) throws SQLException {
        TamperedIndex.restart(ANNEX, change);
        session.run("select annex.wait_for_index('docs_embedding', '1 minute')");
    }

    private static RowKey key(int id) {
        return RowKey.of("t" + id % 5, Integer.toString(id));
    }

    private static float[] vector(int id) {
        return new float[] {(float) Math.sin(id), (float) Math.cos(id), 1};
    }

    private String rowsOfTable() throws SQLException {
        return session.value("select count(*) from docs where cardinality(embedding) = 3");
    }

    @Test
    @Order(1)
    void aTrueIndexHasNoDifferences() throws SQLException {
        String rows = rowsOfTable();
        assertEquals(rows + "," + rows + ",0,0,f", session.value(SUMMARY + "true)"));
    }

    @Test
    @Order(2)
    void rowsThatCannotBeIndexedAreNoDifferences() throws SQLException {
        session.run(
                "insert into docs values ('t0', -1, 1, null, null), ('t0', -2, 1, null, '{1,2}'),"
                        + " ('t0', -3, 1, null, '{NaN,0,0}'), ('t0', -4, 1, null, '{0,0,0}')");
        assertEquals(
                ROWS + "," + ROWS + ",0,0,f",
                session.value(SUMMARY + "true)").replaceAll("\\s", ""));
    }

    /** Returns what verify has to list, sorted. */
    private List<String> damage(VectorIndex index) {
        List<Integer> ids = new ArrayList<>(IntStream.rangeClosed(1, QUIET).boxed().toList());
        Collections.shuffle(ids, random);
        TreeSet<String> expected = new TreeSet<>();
        for (int i = 0; i < 40; i++) {
            int id = ids.get(i);
            switch (i % 4) {
                case 0 -> {
                    index.delete(key(id));
                    expected.add("missing " + String.join("/", key(id).columns()));
                }
                case 1 -> {
                    RowKey unknown = RowKey.of("t9", Integer.toString(id));
                    index.upsert(unknown, "t9", vector(id));
                    expected.add("extra " + String.join("/", unknown.columns()));
                }
                case 2 -> {
                    float[] other = vector(id);
                    other[2] = Math.nextUp(other[2]);
                    index.upsert(key(id), "t" + id % 5, other);
                    expected.add("other vector " + String.join("/", key(id).columns()));
                }
                default -> {
                    index.updateKept(key(id), key(id), "elsewhere");
                    expected.add("other columns " + String.join("/", key(id).columns()));
                }
            }
        }
        return List.copyOf(expected);
    }

    @Test
    @Order(3)
    void exactlyWhatIsWrongIsFoundAndRepairedWhileRowsAreWritten() throws Exception {
        System.out.println("seed " + SEED);
        List<String> expected = new ArrayList<>();
        tamper(index -> expected.addAll(damage(index)));
        AtomicBoolean stop = new AtomicBoolean();
        AtomicLong written = new AtomicLong();
        List<Thread> writers =
                IntStream.range(0, 2).mapToObj(i -> writer(i, stop, written)).toList();
        try {
            assertEquals(
                    expected,
                    List.copyOf(
                            new TreeSet<>(
                                    session.rows(
                                            LISTED
                                                    + "false),"
                                                    + " jsonb_array_elements(differences) d"))),
                    "seed " + SEED);
            assertEquals(
                    "40,40,f",
                    session.value(
                            "select different, repaired, rebuilding from"
                                    + " annex.verify('docs_embedding')"),
                    "seed " + SEED);
            assertEquals(
                    "0,0,f",
                    session.value(
                            "select different, repaired, rebuilding from"
                                    + " annex.verify('docs_embedding')"));
            assertTrue(
                    Long.parseLong(
                                    session.value(
                                            "select changing from annex.verify('docs_embedding')"))
                            > 0,
                    "nothing was written meanwhile");
        } finally {
            stop.set(true);
            for (Thread writer : writers) {
                writer.join();
            }
        }
        System.out.println(written + " transactions meanwhile");
        annex.stopSidecar();
        annex.startSidecar();
        session.run("select annex.wait_for_index('docs_embedding', '1 minute')");
        String rows = rowsOfTableWithDirection();
        assertEquals(
                rows + "," + rows + ",0,0,f",
                session.value(SUMMARY + "true)"),
                "after a restart, seed " + SEED);
    }

    private String rowsOfTableWithDirection() throws SQLException {
        return session.value(
                "select count(*) from docs where cardinality(embedding) = 3 and embedding <>"
                        + " '{0,0,0}' and embedding[1] <> 'NaN'");
    }

    /**
     * Inserts, updates (of vectors, of other columns, of keys) and deletes, above the quiet rows.
     */
    private Thread writer(int number, AtomicBoolean stop, AtomicLong written) {
        return Thread.ofPlatform()
                .start(() -> {
                    try (Session own = annex.session()) {
                        own.run("select setseed(0." + (number + 1) + ")");
                        while (!stop.get()) {
                            int id = QUIET + 1 + (int) (Math.random() * (ROWS - QUIET));
                            String row = " where id = " + id;
                            own.run(
                                    switch ((int) written.incrementAndGet() % 5) {
                                        case 0 ->
                                                "update docs set embedding = array[random(), 1, 1]"
                                                        + row;
                                        case 1 -> "update docs set price = price + 1" + row;
                                        case 2 -> "delete from docs" + row;
                                        case 3 ->
                                                "update docs set tenant = md5(random()::text)"
                                                        + row;
                                        default ->
                                                "insert into docs values ('t1', "
                                                        + id
                                                        + ", 1, null, array[1, random(), 1]) on"
                                                        + " conflict do nothing";
                                    });
                        }
                    } catch (SQLException e) {
                        throw new IllegalStateException(e);
                    }
                });
    }

    @Test
    @Order(4)
    void moreThanCanBeRepairedOneByOneIsFilledAnew() throws Exception {
        tamper(index -> index.truncate());
        String rows = rowsOfTableWithDirection();
        assertEquals(
                rows + ",0," + rows + ",0,t",
                session.value(SUMMARY + "true)"),
                "all rows are missing");
        session.run("select annex.wait_for_index('docs_embedding', '1 minute')");
        assertEquals(rows + "," + rows + ",0,0,f", session.value(SUMMARY + "true)"));
    }

    @Test
    @Order(4)
    void theCommandSaysWhetherAnythingDiffers() throws Exception {
        assertEquals(0, command());
        tamper(index -> index.delete(key(77)));
        assertEquals(1, command("--no-repair", "--index", "docs_embedding"));
        assertEquals(1, command());
        assertEquals(0, command());
    }

    private int command(String... more) {
        List<String> words =
                new ArrayList<>(List.of("verify", "--url", annex.url(), "--user", "postgres"));
        words.addAll(List.of(more));
        return SidecarUnderTest.command(words);
    }

    @Test
    @Order(5)
    void whoMayNotOrCannotIsRefused() throws SQLException {
        session.run("create role visitor login", "grant select on docs to visitor");
        try (Session visitor = annex.session("visitor")) {
            visitor.refuses("42501", "must be owner", "select annex.verify('docs_embedding')");
        }
        session.refuses("42704", "does not exist", "select annex.verify('nothing')");
        session.refuses("22023", "timeout", "select annex.verify('docs_embedding', true, '0')");
        session.run("begin", "update docs set price = 1 where id = 1");
        session.refuses(
                "25001",
                "in a transaction that has written",
                "select annex.verify('docs_embedding')");
        session.run("rollback");
    }

    @Test
    @Order(6)
    void itCanBeCancelledWhileItWaitsForATransaction() throws Exception {
        try (Session forgetful = annex.session();
                Session patient = annex.session()) {
            forgetful.run("begin", "update docs set price = 1 where id = 1");
            patient.run("set statement_timeout = '3s'");
            SQLException thrown =
                    assertThrows(
                            SQLException.class,
                            () -> patient.rows("select annex.verify('docs_embedding')"));
            assertEquals("57014", thrown.getSQLState());
            String slots =
                    "select count(*) from pg_replication_slots where slot_name like '%verify%'";
            long deadline = System.nanoTime() + 30_000_000_000L;
            while (!session.value(slots).equals("0")) {
                assertTrue(System.nanoTime() < deadline, "the sidecar still waits");
                Thread.sleep(100);
            }
            forgetful.run("rollback");
        }
        assertEquals("0", session.value("select different from annex.verify('docs_embedding')"));
    }
}
