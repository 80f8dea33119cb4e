package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Path;

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
            RowsAsQueries queries = new RowsAsQueries(session, ", ef_search => 200");
            queries.waitUntilLinked();
            int found = queries.found(10);
            assertTrue(found >= 95, found + " of 100 neighbours with " + options);
            session.run("insert into docs select 0, embedding from docs where id = 5");
            assertTrue(queries.nearest(5).contains("0"), "a new row is found at once");
        }
    }
}
