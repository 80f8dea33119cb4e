package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/** A search sees what a new SELECT would see: at once, and nothing else. */
class ConsistencyTest {
    private static final String NEAREST =
            "select (hit).id, distance from annex.search(null::docs, 'embedding', '{1,0}', 2)";

    @RegisterExtension
    static final SharedAnnex ANNEX =
            new SharedAnnex(
                    "create table docs (id int primary key, title text, embedding real[])",
                    "insert into docs values (0, 'far', '{9,9}')",
                    "select annex.create_index('docs', 'embedding', metric => 'l2')",
                    "select annex.wait_for_index('docs_embedding', '1 minute')");

    private final AnnexOnPostgres annex = ANNEX.running();
    private final Session session = ANNEX.session();

    @BeforeEach
    void oneRow() throws SQLException {
        session.run("delete from docs", "insert into docs values (1, 'one', '{1,0}')");
    }

    private long searches() {
        return annex.sidecar().answered("search");
    }

    @Test
    void everyCommitIsSeenAtOnce() throws SQLException {
        try (Session writer = annex.session()) {
            for (int i = 2; i < 1_000; i++) {
                writer.run("insert into docs values (" + i + ", null, array[1, 1.0 / " + i + "])");
                assertEquals(
                        Integer.toString(i),
                        session.value(
                                "select (hit).id from annex.search(null::docs, 'embedding',"
                                        + " array[1, 1.0 / "
                                        + i
                                        + "]::real[], 1)"));
            }
            writer.run("update docs set embedding = '{-5,-5}' where id = 500");
            assertEquals(
                    "500",
                    session.value(
                            "select (hit).id from annex.search(null::docs, 'embedding', '{-5,-5}',"
                                    + " 1)"));
            writer.run("delete from docs where id = 500");
            assertEquals(
                    "0",
                    session.value(
                            "select count(*) from annex.search(null::docs, 'embedding', '{-5,-5}',"
                                    + " max_distance => 5)"));
            writer.run("truncate docs");
            assertEquals(List.of(), session.rows(NEAREST));
        }
    }

    @Test
    void aTransactionSeesItsOwnWrites() throws SQLException {
        session.connection().setAutoCommit(false);
        try {
            session.run("insert into docs values (2, 'mine', '{1,0.5}')");
            assertEquals(List.of("1,0", "2,0.5"), session.rows(NEAREST));
            session.run("savepoint a", "update docs set embedding = '{1,0.25}' where id = 2");
            assertEquals(List.of("1,0", "2,0.25"), session.rows(NEAREST));
            session.run("rollback to a", "delete from docs where id = 1");
            assertEquals(List.of("2,0.5"), session.rows(NEAREST));
            session.run("truncate docs");
            assertEquals(List.of(), session.rows(NEAREST));
        } finally {
            session.connection().rollback();
            session.connection().setAutoCommit(true);
        }
        assertEquals(List.of("1,0"), session.rows(NEAREST));
    }

    @Test
    void aTransactionThatWroteElsewhereStillAsksTheIndex() throws SQLException {
        session.run("create table if not exists others (id int)");
        session.connection().setAutoCommit(false);
        try {
            // What earlier transactions of this session did is reported by now, or counts as own.
            session.run("insert into others values (1)", "select pg_sleep(0)");
            assertEquals(List.of("1,0"), session.rows(NEAREST));
        } finally {
            session.connection().rollback();
            session.connection().setAutoCommit(true);
        }
    }

    @Test
    void anOldSnapshotGetsItsOwnAnswer() throws SQLException {
        try (Session reader = annex.session()) {
            reader.run("begin isolation level repeatable read");
            assertEquals(List.of("1,0"), reader.rows(NEAREST));
            session.run(
                    "insert into docs values (2, 'new', '{1,0}')", "delete from docs where id = 1");
            assertEquals(List.of("1,0"), reader.rows(NEAREST));
            reader.run("commit");
            long before = searches();
            assertEquals(List.of("2,0"), reader.rows(NEAREST));
            assertEquals(before + 1, searches());
        }
    }

    @Test
    void searchesInAReadOnlyTransaction() throws SQLException {
        session.run("begin read only");
        assertEquals(List.of("1,0"), session.rows(NEAREST));
        session.run("commit");
    }

    /** C17: the answer is of one moment, the rows are of a later one. */
    @Test
    void rowsThatMoveAboutAreNeverShownWithAnotherVectorsDistance() throws Exception {
        session.run(
                "insert into docs select i, 'x', array[1 + i, 0] from generate_series(2, 60) i");
        AtomicBoolean done = new AtomicBoolean();
        Thread mover =
                Thread.ofPlatform()
                        .start(() -> {
                            try (Session writer = annex.session()) {
                                for (int round = 0; !done.get(); round++) {
                                    writer.run(
                                            "update docs set embedding = array[1 + (id + "
                                                    + round
                                                    + ") % 60, 0] where id % 4 = "
                                                    + round % 4);
                                }
                            } catch (SQLException e) {
                                throw new IllegalStateException(e);
                            }
                        });
        try {
            for (int i = 0; i < 100; i++) {
                List<String> wrong =
                        session.rows(
                                "select s.* from annex.search(null::docs, 'embedding', '{1,0}', 20,"
                                    + " with_vector => true) s where abs(distance -"
                                    + " annex.distance('l2', (hit).embedding, '{1,0}')) > 1e-9");
                assertEquals(List.of(), wrong, "round " + i);
                assertEquals(
                        "20,t",
                        session.value(
                                "select count(*), bool_and(distance >= before) from (select"
                                    + " distance, lag(distance, 1, -1) over () as before from"
                                    + " annex.search(null::docs, 'embedding', '{1,0}', 20)) s"));
            }
        } finally {
            done.set(true);
            mover.join();
        }
    }

    @Test
    void weakerConsistencyDoesNotWait() throws SQLException {
        for (String consistency : new String[] {"strong", "bounded", "eventual"}) {
            session.run("set annex.consistency to " + consistency);
            assertEquals(1, session.rows(NEAREST).size());
        }
        session.run("reset annex.consistency");
        // After set local and commit a setting is empty, not absent.
        session.run("begin", "set local annex.consistency to eventual", "commit");
        assertEquals(1, session.rows(NEAREST).size());
        assertNull(session.warningOf(NEAREST));
    }
}
