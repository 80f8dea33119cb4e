package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.SidecarUnderTest;
import io.annexdb.sidecar.model.RowKey;

import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.sql.SQLException;

/**
 * {@code annex.explain_row} names the reason, and the figures beside it are those of exact SQL.
 * Rows lie on a line: row i is at distance i from the query.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ExplainRowTest {
    @RegisterExtension
    static final SharedAnnex ANNEX =
            new SharedAnnex(
                    "create table docs (tenant text, id int, kind text, embedding real[], primary"
                            + " key (tenant, id))",
                    "insert into docs select 't' || i % 2, i, case when i % 3 = 0 then 'noun' when"
                        + " i % 3 = 1 then 'verb' end, array[i, 0] from generate_series(1, 100) i",
                    "insert into docs values ('t0', 201, 'noun', null), ('t0', 202, 'noun',"
                            + " '{1,2,3}'), ('t0', 203, 'noun', '{NaN,0}'), ('t0', 204, 'noun',"
                            + " '{0,null}'), ('t0', 205, 'noun', '{{0},{0}}')",
                    "select annex.create_index('docs', 'embedding', metric => 'l2',"
                            + " namespace_column => 'tenant', options => '{\"dimension\": 2}')",
                    "create table angles (id int primary key, embedding real[])",
                    "insert into angles select i, array[cos(i * 0.01), sin(i * 0.01)] from"
                            + " generate_series(0, 100) i",
                    "insert into angles values (101, '{0,0}')",
                    "select annex.create_index('angles', 'embedding')",
                    "select annex.wait_for_index('docs_embedding', '1 minute')",
                    "select annex.wait_for_index('angles_embedding', '1 minute')");

    private final AnnexOnPostgres annex = ANNEX.running();
    private final Session session = ANNEX.session();

    private static String explain(String columns, String tenant, int id, String arguments) {
        return "select "
                + columns
                + " from annex.explain_row('docs_embedding', jsonb_build_object('tenant', '"
                + tenant
                + "', 'id', "
                + id
                + "), '{0,0}'"
                + arguments
                + ")";
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "t1 | 7   | , k => 10                                | found,7,7,7",
                "t1 | 8   | , k => 10                                | no row,null,null,null",
                "t0 | 201 | ''                                       | not indexed,null,null,null",
                "t0 | 202 | ''                                       | not indexed,null,null,null",
                "t0 | 203 | ''                                       | not indexed,null,null,null",
                "t1 | 7   | , namespace => 't0'                      | other namespace,null,null,7",
                "t1 | 7   | , namespace => 't1'                      | found,4,4,7",
                "t1 | 7   | , filter => $$kind = 'noun'$$            | filtered,null,null,7",
                "t0 | 8   | , filter => $$kind = 'noun'$$            | filtered,null,null,8",
                "t1 | 9   | , filter => $$kind = 'noun'$$            | found,3,3,9",
                "t1 | 7   | , max_distance => 6.5                    | too far,null,7,7",
                "t0 | 50  | , k => 10                                | beyond k,null,50,50",
                "t0 | 50  | , k => 10, namespace => 't0'             | beyond k,null,25,50",
                "t1 | 99  | , k => 10, filter => $$kind = 'noun'$$   | beyond k,null,33,99",
            })
    @Order(1)
    void reasons(String tenant, int id, String arguments, String expected) throws SQLException {
        String given = arguments.isEmpty() ? "" : ", " + arguments.substring(1).strip();
        assertEquals(
                expected,
                session.value(explain("reason, place, rank, distance", tenant, id, given)));
    }

    @Test
    @Order(1)
    void whyARowIsNotIndexedIsTold() throws SQLException {
        assertTrue(session.value(explain("message", "t0", 201, "")).contains("NULL"));
        assertEquals(
                "the vector has 3 dimensions, the query has 2",
                session.value(explain("message", "t0", 202, "")));
        assertTrue(session.value(explain("message", "t0", 203, "")).contains("finite"));
        assertTrue(session.value(explain("message", "t0", 204, "")).contains("finite"));
        assertEquals(
                "not indexed,the value is an array of 2 dimensions, a vector has one",
                session.value(explain("reason, message", "t0", 205, "")));
        assertEquals(
                "not indexed,a zero vector has no cosine distance",
                session.value(
                        "select reason, message from annex.explain_row('angles_embedding', '101',"
                                + " '{1,0}')"));
        assertEquals(
                "found,1",
                session.value(
                        "select reason, place from annex.explain_row('angles_embedding', '0',"
                                + " '{1,0}')"));
    }

    @Test
    @Order(1)
    void wrongArgumentsAreRefused() {
        session.refuses(
                "22023",
                "expected the columns tenant, id",
                "select annex.explain_row('docs_embedding', '{\"id\": 1}', '{0,0}')");
        session.refuses(
                "22023",
                "expected the columns tenant, id",
                "select annex.explain_row('docs_embedding', '1', '{0,0}')");
        session.refuses(
                "22000",
                "expected 2 dimensions",
                "select annex.explain_row('docs_embedding', '{\"id\": 1, \"tenant\": \"t1\"}',"
                        + " '{0}')");
        session.refuses(
                "42704", "does not exist", "select annex.explain_row('nothing', '1', '{0}')");
    }

    @Test
    @Order(2)
    void aHiddenRowIsNotTold() throws SQLException {
        session.run(
                "create role guest login",
                "grant select on docs to guest",
                "alter table docs enable row level security",
                "create policy own on docs to guest using (tenant = 't1')");
        try (Session guest = annex.session("guest")) {
            assertEquals(
                    "not visible,null,null",
                    guest.value(explain("reason, rank, distance", "t0", 2, "")));
            assertEquals(
                    guest.value(explain("reason, message", "t0", 2, "")),
                    guest.value(explain("reason, message", "t0", 999, "")));
            // Its rank is that among the rows which the role may see.
            assertEquals("found,2,3", guest.value(explain("reason, rank, distance", "t1", 3, "")));
        } finally {
            session.run("drop policy own on docs", "alter table docs disable row level security");
        }
    }

    @Test
    @Order(3)
    void aRowThatIsNotAppliedYet() throws Exception {
        annex.stopSidecar();
        try (FreezingProxy proxy = FreezingProxy.to(annex.postgresPort())) {
            String url = annex.url().replace(":" + annex.postgresPort(), ":" + proxy.port());
            try (SidecarUnderTest slow =
                            SidecarUnderTest.start(
                                    "main",
                                    url,
                                    AnnexOnPostgres.USER,
                                    ANNEX.files(),
                                    annex.sidecarPort());
                    Session own = annex.session()) {
                assertTrue(slow.port() > 0);
                own.run(
                        "select annex.wait_for_index('docs_embedding', '1 minute')",
                        "set annex.consistency = 'eventual'");
                assertEquals("found", own.value(explain("reason", "t1", 7, "")));
                proxy.freeze();
                own.run(
                        "insert into docs values ('t1', 0, 'noun', '{0.5,0}')",
                        "update docs set embedding = '{0.25,0}' where id = 98");
                assertEquals(
                        "not applied yet,2,0.5,t",
                        own.value(
                                explain("reason, rank, distance, applied < flushed", "t1", 0, "")));
                assertTrue(
                        own.value(explain("message", "t0", 98, "")).contains("an earlier vector"));
                proxy.thaw();
                own.run("set annex.consistency = 'strong'");
                assertEquals("found,2", own.value(explain("reason, place", "t1", 0, "")));
            }
        } finally {
            annex.startSidecar();
            session.run(
                    "delete from docs where id = 0",
                    "update docs set embedding = '{98,0}' where id = 98",
                    "select annex.wait_for_index('docs_embedding', '1 minute')");
        }
    }

    @Test
    @Order(4)
    void aRowThatTheIndexHasLost() throws Exception {
        TamperedIndex.restart(
                ANNEX,
                index -> {
                    if (index.definition().index().name().equals("docs_embedding")) {
                        index.delete(RowKey.of("t0", "4"));
                    }
                });
        session.run("select annex.wait_for_index('docs_embedding', '1 minute')");
        assertEquals(
                "missing in index,4,t",
                session.value(explain("reason, rank, message like '%annex.verify%'", "t0", 4, "")));
        assertEquals("1", session.value("select repaired from annex.verify('docs_embedding')"));
        assertEquals("found,4", session.value(explain("reason, place", "t0", 4, "")));
    }

    @Test
    @Order(5)
    void aRowThatTheGraphMisses() throws Exception {
        session.run(
                "select setseed(0.3)",
                "create table many (id int primary key, embedding real[])",
                "insert into many select i, (select array_agg(random()) from generate_series(1,"
                        + " 24) where i > 0)::real[] from generate_series(1, 4000) i",
                "select annex.create_index('many', 'embedding', metric => 'l2', method => 'hnsw',"
                        + " options => '{\"m\": 4, \"ef_construction\": 8}')",
                "select annex.wait_for_index('many_embedding', '1 minute')");
        long deadline = System.nanoTime() + 60_000_000_000L;
        while (!session.value(
                        "select fresh from annex.index_status where index_name = 'many_embedding'")
                .equals("0")) {
            assertTrue(System.nanoTime() < deadline, "still fresh rows");
            Thread.sleep(50);
        }
        int missed = 0;
        for (int i = 0; i < 10; i++) {
            session.run(
                    "create temporary table if not exists q (query real[])",
                    "delete from q",
                    "insert into q select array_agg(random())::real[] from generate_series(1, 24)");
            String nearest =
                    session.value(
                            "select id from many, q order by annex.distance('l2', embedding,"
                                    + " query) limit 1");
            String[] told =
                    session.value(
                                    "select reason, rank, ef_search_needed from q,"
                                            + " annex.explain_row('many_embedding', to_jsonb("
                                            + nearest
                                            + "), query, k => 1, ef_search => 1)")
                            .split(",", -1);
            assertEquals("1", told[1]);
            if (told[0].equals("recall miss")) {
                missed++;
                assertEquals(
                        nearest,
                        session.value(
                                "select (hit).id from q, annex.search(null::many, 'embedding',"
                                        + " query, 1, ef_search => "
                                        + told[2]
                                        + ")"));
            } else {
                assertEquals("found", told[0]);
            }
        }
        assertTrue(missed > 0, "the graph missed nothing");
    }
}
