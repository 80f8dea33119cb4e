package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.migrations.AnnexMigrations;
import io.annexdb.sidecar.SidecarUnderTest;
import io.annexdb.sidecar.endtoend.CuttingProxy.Cut;
import io.annexdb.sidecar.endtoend.CuttingProxy.Place;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * The stream's connection is cut before, in the middle of, and after each kind of message, from the
 * first of a connection to the sidecar's own, while rows are written. Afterwards the index has the
 * table's rows with the table's vectors, and no table was copied again. {@code -Dannex.cuts} says
 * how many times, 30 by default; {@code -Dannex.seed} repeats a run.
 */
class ConnectionCutsTest {
    private static final List<String> KINDS =
            List.of(
                    "pgoutput B",
                    "pgoutput C",
                    "pgoutput O",
                    "pgoutput R",
                    "pgoutput Y",
                    "pgoutput I",
                    "pgoutput U",
                    "pgoutput D",
                    "pgoutput T",
                    "keepalive",
                    "status",
                    "start R",
                    "start S",
                    "start K",
                    "start T",
                    "start D",
                    "start Z",
                    "start W");

    private long id;
    private int transactions;

    @Test
    void theStreamResumesWhereItWasCut(@TempDir Path directory) throws Exception {
        long seed = Long.getLong("annex.seed", 20_261_121L);
        int cuts = Integer.getInteger("annex.cuts", 30);
        System.out.println("ConnectionCutsTest -Dannex.seed=" + seed + " -Dannex.cuts=" + cuts);
        try (EmbeddedPostgres postgres =
                        EmbeddedPostgres.builder()
                                .setServerConfig("wal_level", "logical")
                                .setServerConfig("synchronous_commit", "on")
                                .start();
                CuttingProxy proxy = CuttingProxy.start(postgres.getPort())) {
            String url = "jdbc:postgresql://127.0.0.1:%d/postgres";
            String direct = url.formatted(postgres.getPort());
            AnnexMigrations.migrate(direct, AnnexOnPostgres.USER, null, Map.of());
            try (SidecarUnderTest sidecar =
                            SidecarUnderTest.start(
                                    "main",
                                    url.formatted(proxy.port())
                                            + "?sslmode=disable&gssEncMode=disable",
                                    AnnexOnPostgres.USER,
                                    directory,
                                    0);
                    Session session = Session.open(direct, AnnexOnPostgres.USER);
                    Session elsewhere = Session.open(direct, AnnexOnPostgres.USER)) {
                prepare(session, elsewhere, sidecar.port());
                long copies = copies(sidecar);
                for (Planned planned : plan(cuts, new Random(seed))) {
                    cut(proxy, planned, session, elsewhere);
                    assertAgreement(session, planned);
                    assertEquals(copies, copies(sidecar), planned::text);
                }
                System.out.println(cuts + " cuts, messages seen: " + proxy.seen());
            }
        }
    }

    private static long copies(SidecarUnderTest sidecar) {
        return sidecar.counted("annex_copies_total{kind=\"filled\"}")
                + sidecar.counted("annex_copies_total{kind=\"compared\"}");
    }

    private record Planned(String kind, Place place) {
        String text() {
            return place + " " + kind;
        }
    }

    /** Every kind and place in turn, in an order of its own each time around. */
    private static List<Planned> plan(int cuts, Random random) {
        List<Planned> all = new ArrayList<>();
        for (String kind : KINDS) {
            for (Place place : Place.values()) {
                all.add(new Planned(kind, place));
            }
        }
        List<Planned> plan = new ArrayList<>();
        while (plan.size() < cuts) {
            Collections.shuffle(all, random);
            plan.addAll(all.subList(0, Math.min(all.size(), cuts - plan.size())));
        }
        return plan;
    }

    /** A column of a type of our own makes the server tell its name; an origin likewise. */
    private static void prepare(Session session, Session elsewhere, int port) throws SQLException {
        session.rows(
                "select * from annex.setup(?, jsonb_build_array(jsonb_build_object('group', 0,"
                        + " 'host', '127.0.0.1', 'port', ?)))",
                SidecarUnderTest.SECRET,
                port);
        session.run(
                "create type mood as enum ('good', 'bad')",
                "create table docs (id bigint primary key, mood mood, embedding real[])",
                "create table passing (id bigint primary key, embedding real[])",
                "insert into docs select -i, 'good', array[i, 1, 2] from generate_series(1, 50) i",
                "insert into passing values (1, '{1,2,3}')",
                "set annex.consistency_timeout = '30s'");
        for (String table : List.of("docs", "passing")) {
            session.rows("select annex.create_index('" + table + "', 'embedding', metric => 'l2')");
            session.rows("select annex.wait_for_index('" + table + "_embedding', '1 minute')");
        }
        elsewhere.rows("select pg_replication_origin_create('elsewhere')");
        elsewhere.rows("select pg_replication_origin_session_setup('elsewhere')");
    }

    private void cut(CuttingProxy proxy, Planned planned, Session session, Session elsewhere)
            throws Exception {
        Cut cut = proxy.arm(planned.kind, planned.place);
        boolean isAtStart = planned.kind.startsWith("start");
        // Relations and types are told once on each connection.
        if (isAtStart || planned.kind.endsWith(" R") || planned.kind.endsWith(" Y")) {
            proxy.cutNow();
        }
        write(session, elsewhere);
        assertTrue(CuttingProxy.await(cut, 30), () -> "was not to be seen: " + planned.text());
        write(session, elsewhere);
    }

    private void write(Session session, Session elsewhere) throws SQLException {
        id += 10;
        session.run(
                "insert into docs select i, 'bad', array[i, random(), 3] from generate_series(%d, %d) i"
                        .formatted(id, id + 9),
                "update docs set embedding = array[random(), id, 4] where id = " + (id - 3),
                "update docs set mood = 'good' where id = " + (id + 1),
                "delete from docs where id = " + (id + 2) + " or id between 1 and " + (id - 2_000));
        if (++transactions % 2 == 0) {
            session.run("truncate passing");
        } else {
            session.run(
                    "truncate passing", "insert into passing values (%d, '{3,2,1}')".formatted(id));
        }
        elsewhere.run("update docs set embedding = array[%d, 1, 1] where id = -1".formatted(id));
    }

    /** No lost and no surplus rows, and none whose distance is not that of the table's vector. */
    private static void assertAgreement(Session session, Planned planned) throws SQLException {
        for (String table : List.of("docs", "passing")) {
            session.rows("select annex.wait_for_index('" + table + "_embedding', '1 minute')");
            String differences =
                    session.value(
                            """
                            with found as (
                                select (hit).id, distance
                                from annex.search(
                                    null::%1$s, 'embedding', array[0, 0, 0]::real[], 10000)),
                            exact as (
                                select id, sqrt(embedding[1] ^ 2 + embedding[2] ^ 2
                                    + embedding[3] ^ 2) as distance
                                from %1$s)
                            select count(*) filter (
                                    where found.id is null or exact.id is null
                                        or abs(found.distance - exact.distance)
                                            > 0.001 * (1 + exact.distance))
                                || ' of ' || count(*)
                            from found full join exact on found.id = exact.id
                            """
                                    .formatted(table));
            assertTrue(differences.startsWith("0 of "), () -> planned.text() + ": " + differences);
        }
    }
}
