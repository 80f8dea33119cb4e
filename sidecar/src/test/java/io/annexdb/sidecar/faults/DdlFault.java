package io.annexdb.sidecar.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Random;

/**
 * The table is altered in the midst of changes. {@code annex.search} says what exact SQL says all
 * the time, by the index or without it; afterwards the index follows the table, or says why not,
 * and in no case do the user's writes fail because of it.
 */
enum DdlFault {
    VALUES_CHANGED("alter table docs alter embedding type real[] using array_reverse(embedding)"),
    KEYS_CHANGED("alter table docs alter id type bigint using id + 1000000"),
    KEY_WIDENED(
            "alter table docs alter id type numeric(20)", "alter table docs alter id type bigint"),
    TITLE_OF_ANOTHER_LENGTH("alter table docs alter title type varchar(100)"),
    TITLE_OF_ANOTHER_TYPE("alter table docs alter title type char(200)"),
    TABLE_RENAMED("papers", "embedding", End.SERVES, "alter table docs rename to papers"),
    SCHEMA_SET(
            "shelf.docs",
            "embedding",
            End.SERVES,
            "create schema if not exists shelf",
            "alter table docs set schema shelf"),
    SCHEMA_RENAMED(
            "archive.docs",
            "embedding",
            End.SERVES,
            "create schema shelf",
            "alter table docs set schema shelf",
            "alter schema shelf rename to archive"),
    TWO_TABLES_SWAPPED(
            "docs",
            "embedding",
            End.OTHER,
            "create table spare (like docs including all)",
            "insert into spare select id, title, embedding from docs where id % 3 = 0",
            "alter table docs rename to papers",
            "alter table spare rename to docs"),
    VECTOR_COLUMN_RENAMED(
            "docs", "vector", End.SERVES, "alter table docs rename embedding to vector"),
    KEY_COLUMN_RENAMED(
            "docs",
            "embedding",
            End.SERVES,
            "alter table docs rename id to number",
            "alter table docs rename title to id",
            "alter table docs rename id to title",
            "alter table docs rename number to id"),
    TITLE_RENAMED(
            "alter table docs rename title to heading", "alter table docs rename heading to title"),
    COLUMN_ADDED("alter table docs add extra text default 'x' || random()"),
    COLUMN_DROPPED("alter table docs add extra int", "alter table docs drop extra"),
    VECTOR_COLUMN_DROPPED("docs", "embedding", End.GONE, "alter table docs drop embedding"),
    VECTOR_COLUMN_REPLACED(
            "docs",
            "embedding",
            End.GONE,
            "alter table docs rename embedding to old",
            "alter table docs add embedding real[]",
            "update docs set embedding = array_reverse(old)",
            "alter table docs drop old"),
    TRUNCATED("truncate docs"),
    VACUUMED_FULL("vacuum full docs"),
    CLUSTERED("cluster docs using docs_pkey"),
    TABLE_DROPPED("docs", "embedding", End.GONE, "drop table docs"),
    KEY_DROPPED("docs", "embedding", End.UNUSABLE, "alter table docs drop constraint docs_pkey"),
    KEY_OF_OTHER_COLUMNS(
            "docs",
            "embedding",
            End.UNUSABLE,
            "alter table docs drop constraint docs_pkey",
            "update docs set title = id",
            "alter table docs add primary key (title)"),
    KEY_MADE_ANEW(
            "alter table docs drop constraint docs_pkey", "alter table docs add primary key (id)"),
    IDENTITY_OF_NOTHING(
            "docs", "embedding", End.UNUSABLE, "alter table docs replica identity nothing"),
    IDENTITY_FULL("alter table docs replica identity full"),
    IDENTITY_OF_ANOTHER_INDEX(
            "alter table docs add unique (id)",
            "alter table docs replica identity using index docs_id_key"),
    ROW_SECURITY("alter table docs enable row level security");

    /** What becomes of the index. */
    enum End {
        SERVES,
        /** It shows as failed and says why; the table's writes go on. */
        UNUSABLE,
        /** It is dropped, with its table or column. */
        GONE,
        /** Another table has the name now. */
        OTHER
    }

    private static final int ROWS = 300;

    private static final String UNDEFINED_OBJECT = "42704";

    private final String table;
    private final String column;
    private final End end;

    @SuppressWarnings("ImmutableEnumChecker") // of List.of
    private final List<String> statements;

    DdlFault(String table, String column, End end, String... statements) {
        this.table = table;
        this.column = column;
        this.end = end;
        this.statements = List.of(statements);
    }

    DdlFault(String... statements) {
        this("docs", "embedding", End.SERVES, statements);
    }

    /**
     * Alters the table, with changes before and after, in one transaction or in several by turns.
     */
    void run(FaultScene scene, long seed) throws Exception {
        boolean mayBeOne = this != VACUUMED_FULL && this != CLUSTERED;
        try {
            run(
                    scene,
                    new Random(seed),
                    mayBeOne && Math.floorMod(name().hashCode() + seed, 2) == 0);
        } finally {
            scene.run(
                    "drop table if exists docs, papers, spare cascade",
                    "drop schema if exists shelf cascade",
                    "drop schema if exists archive cascade",
                    "select annex.drop_index(index_name) from memory.vector_indexes");
        }
    }

    private void run(FaultScene scene, Random random, boolean isOneTransaction) throws Exception {
        scene.createDocs();
        try (Connection connection = scene.connect();
                Statement statement = connection.createStatement()) {
            insert(statement, "docs", "embedding", random);
            scene.awaitServing(FaultScene.INDEX);
            statement.execute("set annex.fallback to exact");
            connection.setAutoCommit(!isOneTransaction);
            insert(statement, "docs", "embedding", random);
            for (String each : statements) {
                statement.execute(each);
            }
            if (end != End.GONE) {
                insert(statement, table, column, random);
            }
            if (isOneTransaction) {
                connection.commit();
                connection.setAutoCommit(true);
            }
            switch (end) {
                case SERVES -> serves(scene, statement, random);
                case OTHER -> follows(scene, statement, random);
                case UNUSABLE -> isUnusable(statement, random);
                case GONE -> isGone(scene);
            }
        }
    }

    private void serves(FaultScene scene, Statement statement, Random random) throws Exception {
        Exact.requireUntilServing(scene, statement, table, column, random);
        statement.execute("update " + table + " set title = title || '.' where id % 5 = 0");
        statement.execute("delete from " + table + " where id % 7 = 0");
        insert(statement, table, column, random);
        statement.execute("set annex.fallback to error");
        assertExact(statement, random);
        Judge.compare(scene, table, column, FaultScene.INDEX);
    }

    private void assertExact(Statement statement, Random random) throws SQLException {
        Exact.require(statement, table, column, random);
    }

    /** The name belongs to another table, and the index to the old one. */
    private void follows(FaultScene scene, Statement statement, Random random) throws Exception {
        Exact.requireUntilServing(scene, statement, "papers", column, random);
        scene.run("insert into papers select id + 5000000, title, embedding from papers limit 10");
        statement.execute("set annex.fallback to error");
        Exact.require(statement, "papers", column, random);
        Judge.compare(scene, "papers", column, FaultScene.INDEX);
        SQLException refused =
                assertThrows(
                        SQLException.class, () -> Exact.require(statement, table, column, random));
        assertEquals(UNDEFINED_OBJECT, refused.getSQLState(), refused.getMessage());
    }

    private void isUnusable(Statement statement, Random random) throws Exception {
        boolean isNoticed = false;
        for (int i = 0; i < 50 && !isNoticed; i++) {
            assertExact(statement, random);
            isNoticed = writesPass(statement);
            Thread.sleep(50);
        }
        assertTrue(isNoticed, "updates of the table go on failing");
        assertExact(statement, random);
        try (ResultSet row =
                statement.executeQuery("select state, message from annex.index_status")) {
            assertTrue(row.next(), "the index is in no list");
            assertEquals("failed", row.getString(1));
            assertTrue(row.getString(2).contains("key"), row.getString(2));
        }
    }

    private boolean writesPass(Statement statement) {
        try {
            statement.execute("update " + table + " set title = title where id % 2 = 0");
            statement.execute("delete from " + table + " where id % 100 = 3");
            return true;
        } catch (SQLException e) {
            return false;
        }
    }

    /** Nothing of the index is left, in the catalog, in the server, or in the sidecar. */
    private static void isGone(FaultScene scene) throws Exception {
        for (String left :
                List.of(
                        "memory.vector_indexes",
                        "pg_publication where pubname = 'annex_data'",
                        "pg_replication_slots where slot_name = '" + FaultScene.SLOT + "'",
                        "annex.index_status")) {
            FaultScene.await("left: " + left, () -> !scene.holds("select from " + left));
        }
    }

    private static void insert(Statement statement, String table, String column, Random random)
            throws SQLException {
        StringBuilder sql =
                new StringBuilder("insert into " + table + " (id, title, " + column + ") values ");
        for (int i = 0; i < ROWS; i++) {
            long id = 1L + random.nextInt(Integer.MAX_VALUE) * 64L + i % 64;
            sql.append(i == 0 ? "" : ", ")
                    .append(
                            "(%d, 'row %d', %s)"
                                    .formatted(id, id, Exact.literal(Load.vector(random))));
        }
        statement.execute(sql + " on conflict do nothing");
    }
}
