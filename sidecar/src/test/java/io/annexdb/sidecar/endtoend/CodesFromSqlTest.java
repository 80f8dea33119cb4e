package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Path;
import java.util.List;

/** Codes and mapped vectors from {@code create_index} to the answers, judged by exact SQL. */
class CodesFromSqlTest {
    private static final int ROWS = 3_000;
    private static final int DIMENSION = 64;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "hnsw | {\"quantization\": \"rabitq\", \"vectors\": \"mapped\"}",
                "hnsw | {\"quantization\": \"sq8\"}",
                "hnsw | {\"quantization\": \"pq\"}",
                "flat | {\"quantization\": \"rabitq\"}"
            })
    void codesAnswerWhatTheTableHas(String method, String options, @TempDir Path directory)
            throws Exception {
        try (AnnexOnPostgres annex = AnnexOnPostgres.start(directory);
                Session session = annex.session()) {
            session.run(
                    "select setseed(0.5)",
                    "create table docs (id int primary key, embedding real[])",
                    // Two random numbers a row, spread over all elements: neighbours are near.
                    "insert into docs select i, (select array_agg(cos(a * g) + sin(b * g) order by"
                            + " g) from generate_series(1, "
                            + DIMENSION
                            + ") g)::real[] from (select i, random() a, random() b from"
                            + " generate_series(1, "
                            + ROWS
                            + ") i) r",
                    "select annex.create_index('docs', 'embedding', metric => 'l2', method =>"
                            + " '"
                            + method
                            + "', options => '"
                            + options
                            + "')",
                    "select annex.wait_for_index('docs_embedding', '1 minute')");
            waitUntilLinked(session);
            int found = 0;
            for (int i = 1; i <= 10; i++) {
                List<String> nearest = nearest(session, i);
                List<String> exact = exact(session, i);
                assertEquals(10, nearest.size());
                found += (int) nearest.stream().filter(exact::contains).count();
            }
            assertTrue(found >= 95, found + " of 100 neighbours with " + options);
            session.run("insert into docs select 0, embedding from docs where id = 5");
            assertTrue(nearest(session, 5).contains("0"), "a new row is found at once");
        }
    }

    private static void waitUntilLinked(Session session) throws Exception {
        long deadline = System.nanoTime() + 60_000_000_000L;
        while (!session.value(
                        "select fresh from annex.index_status where index_name ="
                                + " 'docs_embedding'")
                .equals("0")) {
            assertTrue(System.nanoTime() < deadline, "still fresh rows");
            Thread.sleep(50);
        }
    }

    private static List<String> nearest(Session session, int id) throws Exception {
        return session.rows(
                "select (hit).id from annex.search(null::docs, 'embedding', (select embedding from"
                        + " docs where id = "
                        + id
                        + "), ef_search => 200)");
    }

    private static List<String> exact(Session session, int id) throws Exception {
        return session.rows(
                "select d.id from docs d, docs q where q.id = "
                        + id
                        + " order by (select sum((a - b) * (a - b)) from unnest(d.embedding,"
                        + " q.embedding) u (a, b)) limit 10");
    }
}
