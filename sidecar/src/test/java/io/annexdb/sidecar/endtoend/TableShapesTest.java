package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.sql.SQLException;
import java.util.List;

/**
 * Keys and namespaces of types whose values have more than one text, rewritten tables, and
 * partitions that come and go: what {@code annex.search} answers is judged by exact SQL.
 */
class TableShapesTest {
    @RegisterExtension static final SharedAnnex ANNEX = new SharedAnnex();

    private final Session session = ANNEX.session();

    private void index(String table, String more) throws SQLException {
        session.run(
                "select annex.create_index('"
                        + table
                        + "', 'embedding', metric => 'l2', method => 'flat'"
                        + more
                        + ")",
                "select annex.wait_for_index('" + table + "_embedding', '1 minute')");
    }

    /** Distances are all different, so that there is one right order. */
    private void assertSearch(String table, String arguments, String where) throws SQLException {
        String query = "'{5.2,0}'::real[]";
        List<String> expected =
                session.rows(
                        "select t.*, annex.distance('l2', embedding, "
                                + query
                                + ") as d from "
                                + table
                                + " t where "
                                + where
                                + " order by d limit 10");
        assertNotEquals(List.of(), expected, "a judge that finds something");
        assertEquals(
                expected,
                session.rows(
                        "select (hit).*, distance from annex.search(null::"
                                + table
                                + ", 'embedding', "
                                + query
                                + ", with_vector => true"
                                + arguments
                                + ")"));
    }

    @Test
    void keysPaddedWithBlanks() throws SQLException {
        session.run(
                "create table padded (id char(5) primary key, embedding real[])",
                "insert into padded select 'k' || i, array[i, 0] from generate_series(1, 30) i");
        index("padded", "");
        assertSearch("padded", "", "true");
        assertSearch("padded", ", filter => $$id <> 'k5'$$", "id <> 'k5'");
        assertSearch("padded", ", filter => $$id = 'k29'$$", "id = 'k29'");
    }

    @ParameterizedTest
    @CsvSource({"date", "timestamp", "timestamptz"})
    void timesBeforeChristAndWithoutEnd(String type) throws SQLException {
        String table = "times_" + type;
        session.run(
                "create table " + table + " (id " + type + " primary key, embedding real[])",
                "insert into "
                        + table
                        + " values ('infinity', '{1,0}'), ('-infinity', '{2,0}'),"
                        + " ('0044-03-15 BC', '{3,0}'), ('0001-01-01', '{4,0}'),"
                        + " ('2026-02-03 04:05:06.070', '{5,0}'), ('20000-10-10', '{6,0}')");
        index(table, "");
        session.run("set timezone to 'Asia/Kathmandu'");
        try {
            assertSearch(table, "", "true");
            assertSearch(table, ", filter => 'embedding[1] > 0'", "embedding[1] > 0");
        } finally {
            session.run("reset timezone");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "boolean ; i % 2 = 0 ; t",
                "integer ; i % 3 ; 02",
                "char(4) ; 'n' || i % 3 ; n1",
                "uuid ; ('00000000-0000-0000-0000-00000000000' || chr(97 + i % 3))::uuid ;"
                        + " {00000000-0000-0000-0000-00000000000B}",
                "timestamptz ; '2026-01-01'::timestamptz + i % 3 * interval '1 day' ; 2026-01-02",
                "date ; '2026-01-01'::date + i % 3 ; 20260102",
                "varchar(9) ; 'it''s ' || i % 3 ; it's 1"
            })
    void namespacesInAnotherSpelling(String type, String value, String namespace)
            throws SQLException {
        String literal = "'" + namespace.replace("'", "''") + "'";
        session.run(
                "drop table if exists spaced",
                "create table spaced (id int primary key, space " + type + ", embedding real[])",
                "insert into spaced select i, "
                        + value
                        + ", array[i, 0] from generate_series(1, 40) i");
        index("spaced", ", namespace_column => 'space'");
        assertSearch("spaced", ", namespace => " + literal, "space = " + literal);
        assertSearch(
                "spaced",
                ", filter => 'id > 6', namespace => " + literal,
                "id > 6 and space = " + literal);
    }

    /** The stream tells nothing of a rewrite, so the index may not answer until it is new. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "alter embedding type real[] using array[41 - id, 0]",
                "alter id type bigint using id + 1000",
                "alter id type bigint using 41 - id"
            })
    void rewrites(String change) throws SQLException {
        session.run(
                "drop table if exists rewritten",
                "create table rewritten (id int primary key, embedding real[])",
                "insert into rewritten select i, array[i, 0] from generate_series(1, 40) i");
        index("rewritten", "");
        session.run("set annex.fallback to exact", "alter table rewritten " + change);
        try {
            assertSearch("rewritten", "", "true");
        } finally {
            session.run("set annex.fallback to error");
        }
        session.run("select annex.wait_for_index('rewritten_embedding', '1 minute')");
        assertSearch("rewritten", "", "true");
        session.run("begin", "alter table rewritten alter id type numeric using id", "rollback");
        assertSearch("rewritten", "", "true");
    }

    @Test
    void partitionsThatCome() throws SQLException {
        session.run(
                "create table parts (id int, part int, embedding real[], primary key (id, part))"
                        + " partition by list (part)",
                "create table part_1 partition of parts for values in (1)",
                "insert into parts select i, 1, array[i, 0] from generate_series(1, 30) i");
        index("parts", "");
        assertSearch("parts", "", "true");
        session.run("set annex.fallback to exact");
        try {
            session.run(
                    "create table part_2 partition of parts for values in (2)",
                    "insert into parts select i, 2, array[i, 0.25] from generate_series(1, 30) i");
            assertSearch("parts", "", "true");
            session.run(
                    "begin",
                    "drop table part_1",
                    "create table part_3 partition of parts for values in (3)",
                    "insert into parts select i, 3, array[i, 0.5] from generate_series(1, 30) i",
                    "commit");
            assertSearch("parts", "", "true");
        } finally {
            session.run("set annex.fallback to error");
        }
        session.run("select annex.wait_for_index('parts_embedding', '1 minute')");
        assertSearch("parts", "", "true");
    }
}
