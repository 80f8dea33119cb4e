package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.sql.SQLException;
import java.util.List;

/** A search inside other statements, which Citus may run on a worker, and inside transactions. */
class CitusStatementsTest extends CitusEntries {
    /** C1: each place in a query where Citus may run the function on a worker, inside a task. */
    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "join with one namespace | select e.namespace, e.id, s.distance from"
                        + " memory.memory_entries e join SEARCH s on (s.hit).id = e.id where"
                        + " e.namespace = 'ns1' order by 3",
                "materialized CTE | with s as materialized (select (hit).id, distance from SEARCH)"
                    + " select e.namespace, e.id, s.distance from memory.memory_entries e join s on"
                    + " s.id = e.id where e.namespace = 'ns1' order by 3",
                "offset 0 | select e.namespace, e.id, s.distance from memory.memory_entries e join"
                        + " (select (hit).id, distance from SEARCH offset 0) s on s.id = e.id where"
                        + " e.namespace = 'ns1' order by 3",
                "in subquery | select e.namespace, e.id, annex.distance('l2', e.embedding, QUERY)"
                        + " as d from memory.memory_entries e where e.namespace = 'ns1' and e.id in"
                        + " (select (hit).id from SEARCH) order by 3",
                "scalar subquery | select e.namespace, e.id, (select min(distance) from SEARCH)"
                    + " from memory.memory_entries e where e.namespace = 'ns1' and e.id = NEAREST",
                "multi-shard join | select e.namespace, e.id, s.distance from memory.memory_entries"
                    + " e join SEARCH s on (s.hit).id = e.id and (s.hit).namespace = e.namespace"
                    + " order by 3",
                "join with a reference table | select (s.hit).namespace, (s.hit).id, s.distance"
                        + " from kinds r, SEARCH s where r.id = 1 order by 3",
                "lateral over values | select (s.hit).namespace, (s.hit).id, s.distance from"
                        + " (values (1)) v, lateral SEARCH s order by 3",
            })
    void isRightInEveryContext(String context, String sql) throws SQLException {
        List<String> expected =
                session.rows(EXACT + "where e.namespace = 'ns1' order by d limit 3");
        boolean one = context.equals("scalar subquery");
        String nearest =
                session.value(
                        "select e.id from memory.memory_entries e where e.namespace = 'ns1' order"
                                + " by annex.distance('l2', e.embedding, "
                                + QUERY
                                + ") limit 1");
        assertEquals(
                one ? expected.subList(0, 1) : expected,
                session.rows(
                        sql.replace("SEARCH", search(3, ", namespace => 'ns1'"))
                                .replace("QUERY", QUERY)
                                .replace("NEAREST", nearest)),
                context);
    }

    @Test
    void lateralOverADistributedTable() throws SQLException {
        assertEquals(
                List.of("1,1,0", "8,8,0"),
                session.rows(
                        "select e.id, (s.hit).id, s.distance from memory.memory_entries e, lateral"
                            + " annex.search(null::memory.memory_entries, 'embedding', e.embedding,"
                            + " 1, 'ns1') s where e.namespace = 'ns1' and e.id in (1, 8) order"
                            + " by 1"));
    }

    @Test
    void writesFromASearch() throws SQLException {
        session.run("begin");
        session.run(
                "insert into memory.patterns (namespace, kind, description) select (hit).namespace,"
                        + " 'x', (hit).content from "
                        + search(3, ", namespace => 'ns1'"),
                "update memory.memory_entries set category = 'found' where namespace = 'ns1' and id"
                        + " in (select (hit).id from "
                        + search(3, ", namespace => 'ns2'")
                        + ")");
        assertEquals("3", session.value("select count(*) from memory.patterns"));
        session.run("rollback");
        session.run(
                "update memory.memory_entries set category = category where namespace = 'ns1' and"
                        + " id in (select (hit).id from "
                        + search(3, ", namespace => 'ns1'")
                        + ")");
    }

    @Test
    void nestedInATransactionBlockItRefusesUnlessNothingCanHaveBeenWritten() throws SQLException {
        String nested =
                "select e.id from memory.memory_entries e join "
                        + search(3, ", namespace => 'ns1'")
                        + " s on (s.hit).id = e.id where e.namespace = 'ns1'";
        session.run("begin");
        session.run(
                "update memory.memory_entries set category = category where namespace = 'ns2' and"
                        + " id = 2");
        session.refuses("0A000", "inside a task of a worker", nested);
        session.run("rollback", "begin read only");
        assertEquals(3, session.rows(nested).size());
        session.run("rollback");
    }

    @Test
    void aTransactionSeesItsOwnWrites() throws SQLException {
        String insert =
                "insert into memory.memory_entries (namespace, id, content, embedding) values"
                        + " ('ns1', 1000000, 'mine', "
                        + QUERY
                        + ")";
        String nearest = "select (hit).id from " + search(1, "");
        session.run("begin", insert);
        assertEquals("1000000", session.value(nearest));
        assertEquals(
                "1000000",
                session.value("select (hit).id from " + search(1, ", namespace => 'ns1'")));
        session.run("rollback");
        // Written earlier in the same statement's function, where no clock tells statements apart.
        session.run(
                "create function write_and_search() returns bigint language plpgsql as $$ begin "
                        + insert
                        + "; return (select (hit).id from "
                        + search(1, "")
                        + "); end $$",
                "begin");
        assertEquals("1000000", session.value("select write_and_search()"));
        session.run("rollback", "drop function write_and_search()");
        session.run("begin isolation level repeatable read");
        assertEquals(1, session.rows(nearest).size());
        session.run("rollback");
    }
}
