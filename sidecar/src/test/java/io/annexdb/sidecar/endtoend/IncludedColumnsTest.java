package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
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
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Filters over included columns, judged by exact SQL over the table, and by how often the sidecar
 * was asked to search and to rank: what it filters itself, it need not rank.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class IncludedColumnsTest {
    private static final long SEED = System.nanoTime();
    private static final int ROWS = 20_000;
    private static final int DIMENSION = 8;
    private static final String DISTANCE =
            IntStream.rangeClosed(1, DIMENSION)
                    .mapToObj(i -> "(embedding[%d]::float8 - q[%d]::float8)".formatted(i, i))
                    .map(difference -> difference + " * " + difference)
                    .collect(Collectors.joining(" + ", "sqrt(", ")"));

    /** From 10 % down to 0.01 % and none. */
    private static final List<String> INSIDE =
            List.of(
                    "one_in < 1000",
                    "one_in < 100",
                    "one_in < 10",
                    "one_in = 3",
                    "one_in < 0",
                    "price between 10 and 20.5",
                    "price is null or price > 99",
                    "price notnull and not price isnull",
                    "category = 'category 3' and not archived",
                    "category in ('category 1', 'it''s') or category like 'other%'",
                    "created_at >= '2024-06-01' and created_at < '2024-07-01 12:00'",
                    "tags && '{1,7}' and tags @> array[2]",
                    "3 = any (tags) and one_in % 2 is not null or archived is not true",
                    "body like '%needle%'",
                    "archived");

    private static final List<String> OUTSIDE =
            List.of(
                    "lower(category) = 'category 3' and one_in < 500",
                    "title = 'title 77'",
                    "one_in % 100 = 3",
                    "created_at > timestamptz '2024-01-01' + interval '100 days'",
                    "one_in = id % 10000 and archived");

    private final Random random = new Random(SEED);
    private AnnexOnPostgres annex;
    private Session session;

    @BeforeAll
    void load(@TempDir Path directory) throws Exception {
        System.out.println("seed " + SEED);
        annex = AnnexOnPostgres.start(directory);
        session = annex.session();
        session.run(
                "set timezone to 'UTC'",
                "select setseed(0.5)",
                "create table docs (tenant text, id int, title text, embedding real[], one_in int,"
                        + " price numeric(8, 2), category text, created_at timestamptz, tags int[],"
                        + " archived boolean, body text, primary key (tenant, id))",
                "insert into docs select 'tenant ' || i % 7, i, 'title ' || i, (select"
                        + " array_agg(random() - 0.5) from generate_series(1, 8) where i >"
                        + " 0)::real[], "
                        + attributes("i")
                        + " from generate_series(1, "
                        + ROWS
                        + ") i",
                "alter table docs alter column body set storage external",
                "analyze docs",
                "select annex.create_index('docs', 'embedding', metric => 'l2', method => 'flat',"
                        + " namespace_column => 'tenant', include =>"
                        + " '{one_in,price,category,created_at,tags,archived,body}')",
                "select annex.wait_for_index('docs_embedding', '60 s')");
    }

    private static String attributes(String i) {
        return """
        $ % 10000, case when $ % 11 > 0 then ($ % 10007)::numeric / 100 end,
        case when $ % 13 > 0 then 'category ' || $ % 20 when $ % 2 = 0 then 'it''s' else 'other' end,
        timestamptz '2024-01-01 00:00+00' + ($ % 365) * interval '1 day' + ($ % 24) * interval '1 hour',
        case when $ % 17 > 0 then array[$ % 10, $ % 3, null] end,
        case $ % 3 when 0 then true when 1 then false end,
        case when $ % 500 = 0 then repeat('hay', 2000) || 'needle' || $ when $ % 7 = 0 then 'needle' end
        """
                .replace("$", "(" + i + ")");
    }

    @AfterAll
    void close() throws Exception {
        session.close();
        annex.close();
    }

    private float[] query() {
        float[] query = new float[DIMENSION];
        for (int i = 0; i < DIMENSION; i++) {
            query[i] = random.nextFloat() - 0.5f;
        }
        return query;
    }

    private List<String> exact(float[] query, int k, String where) throws SQLException {
        return session.rows(
                "select tenant, id, "
                        + DISTANCE
                        + " as d from docs, (select ?::real[] as q) q where "
                        + where
                        + " order by d, tenant, id limit "
                        + k,
                query);
    }

    private List<String> search(Session by, float[] query, int k, String arguments, String filter)
            throws SQLException {
        return by.rows(
                "select (hit).tenant, (hit).id, distance from annex.search(null::docs, 'embedding',"
                        + " ?, "
                        + k
                        + arguments
                        + ", filter => $f$"
                        + filter
                        + "$f$)",
                query);
    }

    private void agrees(String filter) throws SQLException {
        for (int k : new int[] {1, 10, 100}) {
            float[] query = query();
            assertEquals(
                    exact(query, k, "(" + filter + ")"),
                    search(session, query, k, "", filter),
                    () -> "seed " + SEED + ": " + filter);
        }
        float[] query = query();
        assertEquals(
                exact(query, 10, "tenant = 'tenant 2' and (" + filter + ")"),
                search(session, query, 10, ", namespace => 'tenant 2'", filter),
                () -> "seed " + SEED + ": " + filter);
    }

    /** The sidecar filters: four searches and nothing to rank. */
    private void agreesInside(String filter) throws SQLException {
        long searched = annex.sidecar().answered("search");
        long ranked = annex.sidecar().answered("rank");
        agrees(filter);
        assertEquals(4, annex.sidecar().answered("search") - searched, filter);
        assertEquals(0, annex.sidecar().answered("rank") - ranked, filter);
    }

    @Test
    @Order(1)
    void filteredInside() throws SQLException {
        for (String filter : INSIDE) {
            agrees(filter);
        }
        for (String filter : List.of("one_in < 10", "price between 10 and 20.5", "tags && '{7}'")) {
            agreesInside(filter);
        }
    }

    @Test
    @Order(2)
    void whatTheSidecarCannotIsDoneInSql() throws SQLException {
        for (String filter : OUTSIDE) {
            agrees(filter);
        }
    }

    @Test
    @Order(3)
    void changesAreSeenAtOnce() throws SQLException {
        float[] query = query();
        for (int i = 0; i < 20; i++) {
            int id = random.nextInt(ROWS) + 1;
            session.run(
                    "update docs set category = 'fresh', price = 5000 + "
                            + i
                            + " where id = "
                            + id);
            assertEquals(
                    exact(query, 3, "category = 'fresh'"),
                    search(session, query, 3, "", "category = 'fresh'"));
            assertEquals(
                    "tenant " + id % 7 + "," + id,
                    search(session, query, 3, "", "price = " + (5000 + i)).stream()
                            .map(row -> row.substring(0, row.lastIndexOf(',')))
                            .collect(Collectors.joining(";")));
        }
        assertEquals(
                "0",
                session.value("select tombstones from annex.index_status"),
                "a change of attributes alone keeps the slot");
    }

    @Test
    @Order(4)
    void longValuesThatAnUpdateDoesNotSendStay() throws SQLException {
        session.run(
                "update docs set category = 'kept' where id % 500 = 0",
                "update docs set embedding = array_fill(0.25::real, '{8}') where id % 1000 = 0");
        agreesInside("body like '%needle%' and category = 'kept'");
    }

    @Test
    @Order(5)
    void insertsUpdatesDeletesAndARestart() throws SQLException {
        session.run(
                "delete from docs where id % 10 = 1",
                "update docs set one_in = one_in / 2, archived = null where id % 10 = 2",
                "update docs set embedding = (select array_agg(random() - 0.5) from"
                        + " generate_series(1, 8) where id > 0)::real[], tags = '{1,2}' where id %"
                        + " 10 = 3",
                "update docs set tenant = 'tenant 2' where id % 10 = 4",
                "insert into docs select 'tenant 2', i, 'title', (select array_agg(random() - 0.5)"
                        + " from generate_series(1, 8) where i > 0)::real[], "
                        + attributes("i")
                        + " from generate_series(30001, 31000) i");
        insideAndOutside();
        annex.stopSidecar();
        annex.startSidecar();
        session.run("select annex.wait_for_index('docs_embedding', '60 s')");
        insideAndOutside();
        agreesInside("one_in < 10");
    }

    private void insideAndOutside() throws SQLException {
        for (String filter : INSIDE) {
            agrees(filter);
        }
        agrees(OUTSIDE.get(0));
    }

    @Test
    @Order(6)
    void whoMayNotReadAColumnCannotFilterByItInside() throws SQLException {
        session.run(
                "create role reader login",
                "grant select (tenant, id, embedding, title, one_in) on docs to reader");
        float[] query = query();
        try (Session reader = annex.session("reader")) {
            reader.run("set timezone to 'UTC'");
            SQLException denied =
                    assertThrows(
                            SQLException.class, () -> search(reader, query, 10, "", "price < 10"));
            assertEquals("42501", denied.getSQLState());
            assertEquals(
                    "null",
                    reader.value(
                            "select keys from annex_internal.ask((select index_id from"
                                    + " memory.vector_indexes), 'search',"
                                    + " '[1,1,1,1,1,1,1,1]', 10, 10, null, null, 'strong', 1000,"
                                    + " null, 'price < 10')"));
        }
        session.run(
                "grant select on docs to reader",
                "alter table docs enable row level security",
                "create policy own on docs to reader using (one_in >= 500)",
                "select annex.alter_index('docs_embedding', '{\"row_security\": \"index\"}')");
        try (Session reader = annex.session("reader")) {
            reader.run("set timezone to 'UTC'");
            assertEquals(
                    exact(query, 10, "price < 10 and one_in >= 500"),
                    search(reader, query, 10, "", "price < 10"));
            assertEquals(
                    "null",
                    reader.value(
                            "select keys from annex_internal.ask((select index_id from"
                                    + " memory.vector_indexes), 'search',"
                                    + " '[1,1,1,1,1,1,1,1]', 10, 10, null, null, 'strong', 1000,"
                                    + " null, 'price < 10')"));
        } finally {
            session.run(
                    "drop policy own on docs",
                    "alter table docs disable row level security",
                    "drop owned by reader",
                    "drop role reader");
        }
    }

    @Test
    @Order(7)
    void filtersThatEscapeAreRefused() {
        session.refuses(
                "42601",
                "filter is not a condition",
                "select annex.search(null::docs, 'embedding', array_fill(0.1::real, '{8}'), filter"
                        + " => 'one_in < 10) or (true')");
        session.refuses(
                "42703",
                "filter is not a condition",
                "select annex.search(null::docs, 'embedding', array_fill(0.1::real, '{8}'), filter"
                        + " => 'nosuch < 10')");
        session.refuses(
                "42601",
                "filter is empty",
                "select annex.search(null::docs, 'embedding', array_fill(0.1::real, '{8}'), filter"
                        + " => ' ')");
    }

    /** Settings under which the text means something else, or would: SQL reads it then. */
    @Test
    @Order(8)
    void settingsOfTheSessionAreHeeded() throws SQLException {
        for (String[] setting :
                new String[][] {
                    {"set standard_conforming_strings to off", "category = 'a\\\\b'"},
                    {"set transform_null_equals to on", "price = null"},
                    {"set timezone to 'America/New_York'", "created_at < '2024-01-02'"},
                    {"set search_path to public, pg_catalog", "one_in < 10"}
                }) {
            session.run(setting[0]);
            try {
                agrees(setting[1]);
            } finally {
                session.run(
                        "reset standard_conforming_strings",
                        "reset transform_null_equals",
                        "set timezone to 'UTC'",
                        "reset search_path");
            }
        }
    }

    /**
     * A column that was dropped and added again has other values, of which the stream told none.
     */
    @Test
    @Order(9)
    void alteredColumnsAreNotTakenForTheOldOnes() throws SQLException {
        session.run(
                "alter table docs drop column category",
                "alter table docs add column category text default 'category 3'",
                // The sidecar loads its columns anew.
                "set annex.fallback to exact");
        for (int i = 0; i < 10; i++) {
            agrees("category = 'category 3' and one_in < 100");
        }
        session.run("alter table docs alter column price type numeric(12, 4)");
        agrees("price < 10");
        session.run("set annex.fallback to error");
        session.run("select annex.wait_for_index('docs_embedding', '60 s')");
        agrees("category = 'category 3' and one_in < 100");
        agrees("price < 10");
        agreesInside("one_in < 10");
    }

    @Test
    @Order(10)
    void statusShowsThem() throws SQLException {
        // The category that was included is gone; the one that there is now is another column.
        assertEquals(
                "{one_in,price,created_at,tags,archived,body}",
                session.value("select include from annex.indexes"));
        assertTrue(
                Long.parseLong(session.value("select memory_bytes from annex.index_status")) > 0);
    }
}
