package io.annexdb.migrations;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.sql.SQLException;

/**
 * A filter is one condition on one row: it can neither leave its parentheses nor widen the search.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FilterTest {
    private Database database;

    @BeforeAll
    void createTables() throws SQLException {
        database = Database.migrated();
        database.run(
                "create table docs (ns text, id int, \"Odd name\" int, title text, embedding"
                        + " real[], primary key (ns, id))",
                "insert into docs select 'ns' || i % 2, i, i, 'title ' || i, array[i, 1]"
                        + " from generate_series(1, 20) i",
                "create table secrets (owner text)",
                "insert into secrets values ('me')",
                "select annex.create_index('docs', 'embedding', namespace_column => 'ns')");
    }

    @AfterAll
    void close() throws SQLException {
        database.close();
    }

    private String search(String filter) {
        return "select (hit).id from annex.search(null::docs, 'embedding', '{1,1}', k => 3,"
                + " namespace => 'ns1', filter => $filter$"
                + filter
                + "$filter$)";
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "true) union all select e, 0 from docs e where (ns = 'ns0' and id = 2",
                "true) or (true",
                "true], array[false",
                "true) and (array[true",
                "true])[1] or (array[true",
                "1=1 ] and [1=1",
                "true)--",
                "true /*",
                "*/ true /*",
                "true '",
                "true or '",
                "true or \"",
                "true or $$",
                "true or E'\\'",
                "true; drop table docs",
                "select true",
                "id > 3 limit 1",
                "id > 3 order by id",
                "id > 3 group by id",
                "id > 3 for update",
            })
    void doesNotEscape(String filter) {
        database.refuses("42601", "filter is not a condition", search(filter));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "42804 | id",
                "42804 | 'true'",
                "42804 | title",
                "42804 | true, false",
                "42803 | count(*) > 1",
                "42P20 | row_number() over () > 1",
                "0A000 | generate_series(1, 2) = 1",
                "42703 | nosuch = 1",
                "42601 | ``",
                "42P02 | id = $1",
                "42P01 | exists (select from nosuch)",
            })
    void isACondition(String sqlState, String filter) {
        database.refuses(sqlState, "filter", search(filter == null ? "" : filter));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "id in (7, 9) | 7;9",
                "id > 4 and title like 'title 1%' | 11;13;15",
                "id > 15 -- comment | 17;19",
                "\"Odd name\" = 5 | 5",
                "docs.id = 5 | 5",
                "id = (select max(id) from docs where ns = 'ns1') | 19",
                "exists (select from secrets where owner = 'me' and docs.id = 3) | 3",
                "id = 3 or true | 1;3;5",
                "null::boolean | ``",
                "title = 'title 3' or title = $$title 5$$ | 3;5",
                "case when id = 3 then true end | 3",
            })
    void selectsRowsOfTheNamespace(String filter, String ids) throws SQLException {
        assertEquals(ids == null ? "" : ids, database.query(search(filter)));
    }

    @Test
    void runsUnderTheCallersSearchPath() throws SQLException {
        database.run(
                "create schema other",
                "create function other.wanted(int) returns boolean language sql return $1 = 7",
                "set search_path to public, other");
        try {
            assertEquals("7", database.query(search("wanted(id)")));
        } finally {
            database.run("reset search_path");
        }
        database.refuses("42883", "wanted", search("wanted(id)"));
    }

    @Test
    void leavesNoPreparedStatementBehind() throws SQLException {
        database.query(search("id = 7"));
        database.refuses("42703", "nosuch", search("nosuch"));
        assertEquals(
                "0",
                database.query(
                        "select count(*) from pg_prepared_statements where name like 'annex%'"));
    }
}
