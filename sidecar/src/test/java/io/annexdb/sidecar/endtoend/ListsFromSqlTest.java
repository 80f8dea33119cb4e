package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;

/** Method ivfpq from {@code create_index} to the answers, judged by exact SQL over the table. */
class ListsFromSqlTest {
    private static final int ROWS = 12_000;
    private static final int DIMENSION = 16;

    @Test
    void listsAnswerWhatTheTableHas(@TempDir Path directory) throws Exception {
        try (AnnexOnPostgres annex = AnnexOnPostgres.start(directory);
                Session session = annex.session()) {
            session.run(
                    "select setseed(0.25)",
                    "create table docs (id int primary key, embedding real[])",
                    "insert into docs select i, (select array_agg(random() - 0.5 + i % 5 + 0 * g)"
                            + " from generate_series(1, "
                            + DIMENSION
                            + ") g)::real[] from generate_series(1, "
                            + ROWS
                            + ") i",
                    "select annex.create_index('docs', 'embedding', metric => 'l2', method =>"
                            + " 'ivfpq', options => '{\"nlist\": 64, \"nprobe\": 32, \"m\": 16,"
                            + " \"nbits\": 4}')",
                    "select annex.wait_for_index('docs_embedding', '1 minute')");
            RowsAsQueries queries = new RowsAsQueries(session, "");
            queries.waitUntilLinked();
            int found = queries.found(20);
            assertTrue(found >= 190, found + " of 200 neighbours");
            session.run("insert into docs select 0, embedding from docs where id = 5");
            assertTrue(queries.nearest(5).contains("0"), "a new row is found at once");
            session.run("delete from docs where id = 0");
            assertTrue(!queries.nearest(5).contains("0"), "a deleted one is not");
        }
    }
}
