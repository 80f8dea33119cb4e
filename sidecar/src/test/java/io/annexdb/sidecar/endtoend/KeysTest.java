package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.sql.SQLException;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Keys travel as text, from the log to the sidecar and back into SQL: every type that may be one,
 * with values that need quoting, under settings of the session that print them otherwise.
 */
class KeysTest {
    /** True, and the planner expects one row in two hundred: few enough to be named and ranked. */
    private static final String UNLIKELY = "embedding[1] + 0 = embedding[1]";

    @RegisterExtension
    static final SharedAnnex ANNEX =
            new SharedAnnex(
                    "create domain key_text as text check (value <> 'never')",
                    "create domain key_again as key_text",
                    "set datestyle to 'ISO, DMY'",
                    "set timezone to 'Asia/Kolkata'",
                    "set bytea_output to 'escape'");

    private final AnnexOnPostgres annex = ANNEX.running();
    private final Session session = ANNEX.session();

    private void assertAllFound(String table, int rows) throws SQLException {
        String nearest =
                "select hit from annex.search(null::" + table + ", 'embedding', '{0}', 100";
        List<String> expected =
                session.rows(
                        "select row(t.id, t.marked, null::real[])::"
                                + table
                                + " from "
                                + table
                                + " t order by embedding[1]");
        assertEquals(rows, expected.size());
        assertEquals(expected, session.rows(nearest + ")"));
        long ranked = annex.sidecar().answered("rank");
        List<String> marked =
                session.rows(
                        "select row(t.id, t.marked, null::real[])::"
                                + table
                                + " from "
                                + table
                                + " t where marked order by embedding[1]");
        assertEquals(marked, session.rows(nearest + ", filter => 'marked and " + UNLIKELY + "')"));
        assertTrue(
                marked.isEmpty() || annex.sidecar().answered("rank") > ranked,
                "the keys were not ranked");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "smallint | (-32768), (0), (32767)",
                "integer | (-2147483648), (0), (7)",
                "bigint | (-9223372036854775808), (9223372036854775807)",
                "oid | (0), (4294967295)",
                "boolean | (true), (false)",
                "uuid | ('A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'),"
                        + " ('00000000-0000-0000-0000-000000000000')",
                "text | (''), (' '), ('NULL'), ('a\"b'), ('it''s'), ('{x,y}'), (E'\\\\'),"
                        + " (E'line\\nline'), ('äö€😀'), ('null')",
                "varchar(20) | ('a '), ('a'), ('\\x')",
                "character(8) | ('a'), ('b  c')",
                "name | ('select'), ('A b')",
                "key_again | ('of a domain'), ('\"')",
                "date | ('2024-02-29'), ('1999-12-31'), ('0044-03-15'), ('9999-01-01')",
                "timestamp | ('2024-02-29 23:59:59.123456'), ('2024-02-29 23:59:59.1'),"
                        + " ('2000-01-01 00:00:00'), ('1969-07-20 20:17:40')",
                "timestamptz | ('2024-02-29 23:59:59.123456+05:30'), ('2024-06-01 00:00:00+00'),"
                        + " ('1969-07-20 20:17:40-04')",
            })
    void everyType(String type, String values) throws SQLException {
        session.run(
                "create table keyed (id "
                        + type
                        + " primary key, marked boolean, embedding real[])");
        int rows = (int) Pattern.compile("\\), \\(").splitAsStream(values).count();
        try {
            session.run(
                    "insert into keyed select id, true, array[row_number() over ()] from (values "
                            + values.replace("(", "(cast(")
                                    .replaceAll("\\)(, |$)", " as " + type + "))$1")
                            + ") v (id)",
                    "select annex.create_index('keyed', 'embedding', metric => 'l2')",
                    "select annex.wait_for_index('keyed_embedding', '1 minute')");
            assertAllFound("keyed", rows);
            // The first copy reads text, the stream is binary: both must give the same keys.
            session.run("update keyed set embedding = array[embedding[1] + 100]");
            assertAllFound("keyed", rows);
            session.run(
                    "update keyed set marked = false where embedding[1] = 101",
                    "delete from keyed where embedding[1] = 102");
            assertAllFound("keyed", rows - 1);
        } finally {
            session.run("drop table keyed");
        }
    }

    @Test
    void severalColumnsInTheOrderOfTheKey() throws SQLException {
        session.run(
                "create table wide (embedding real[], c text, b int, gone int, a timestamptz, title"
                        + " text, primary key (c, a, b))",
                "alter table wide drop column gone",
                "insert into wide (c, a, b, title, embedding) select chr(96 + i % 3), timestamptz"
                    + " '2024-01-01 00:00:00+00' + i * interval '1.5 s', i, 'title ' || i, array[i]"
                    + " from generate_series(1, 30) i",
                "select annex.create_index('wide', 'embedding', metric => 'l2', namespace_column =>"
                        + " 'c')",
                "select annex.wait_for_index('wide_embedding', '1 minute')");
        assertEquals(
                List.of("3,title 3", "6,title 6"),
                session.rows(
                        "select (hit).b, (hit).title from annex.search(null::wide, 'embedding',"
                                + " '{2}', 2, namespace => chr(96))"));
        assertEquals(
                "9,title 9",
                session.value(
                        "select (hit).b, (hit).title from annex.search(null::wide, 'embedding',"
                                + " '{2}', 2, filter => $$title = 'title 9' and "
                                + UNLIKELY
                                + "$$)"));
        session.run("update wide set b = b + 100 where b = 9");
        assertEquals(
                "109,title 9",
                session.value(
                        "select (hit).b, (hit).title from annex.search(null::wide, 'embedding',"
                                + " '{9}', 1)"));
        session.run("drop table wide");
    }

    @Test
    void otherReplicaIdentitiesThanThePrimaryKey() throws SQLException {
        for (String identity : new String[] {"using index unique_code", "full"}) {
            session.run(
                    "create table coded (id int primary key, code text not null, embedding real[])",
                    "create unique index unique_code on coded (code)",
                    "alter table coded replica identity " + identity,
                    "insert into coded select i, 'code ' || i, array[i] from generate_series(1, 9)"
                            + " i",
                    "select annex.create_index('coded', 'embedding', metric => 'l2')",
                    "select annex.wait_for_index('coded_embedding', '1 minute')",
                    "update coded set embedding = '{100}' where id = 2",
                    "update coded set id = 30, code = 'changed' where id = 3",
                    "delete from coded where id = 4");
            assertEquals(
                    List.of("1,0", "30,2", "5,4"),
                    session.rows(
                            "select (hit).id, distance from annex.search(null::coded, 'embedding',"
                                    + " '{1}', 3)"),
                    identity);
            session.run("drop table coded");
        }
    }

    @Test
    void partitionedTables() throws SQLException {
        session.run(
                "create table parts (day date, id int, embedding real[], primary key (day, id))"
                        + " partition by range (day)",
                "create table part_1 partition of parts for values from ('2024-01-01') to"
                        + " ('2024-02-01')",
                "create table part_2 partition of parts for values from ('2024-02-01') to"
                        + " ('2024-03-01')",
                "insert into parts select date '2024-01-01' + i, i, array[i] from"
                        + " generate_series(1, 50) i",
                "select annex.create_index('parts', 'embedding', metric => 'l2')",
                "select annex.wait_for_index('parts_embedding', '1 minute')");
        String search = "select (hit).id from annex.search(null::parts, 'embedding', '{31}', 3)";
        assertEquals(List.of("31", "30", "32"), session.rows(search));
        session.run("update parts set day = '2024-01-02' where id = 31");
        assertEquals(List.of("31", "30", "32"), session.rows(search));
        session.run("begin", "delete from parts where id = 30");
        assertEquals(List.of("31", "32", "29"), session.rows(search));
        session.run("rollback", "drop table parts");
    }
}
