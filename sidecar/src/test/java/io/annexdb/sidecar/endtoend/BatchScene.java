package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Two tables of random rows with an index each, searched in batches and one by one. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class BatchScene {
    static final long SEED = System.nanoTime();

    static final String ZEROS = "'{{0,0,0,0,0,0,0,0},{1,0,0,0,0,0,0,0}}'";

    final Random random = new Random(SEED);
    AnnexOnPostgres annex;
    Session session;

    @BeforeAll
    void load(@TempDir Path directory) throws Exception {
        System.out.println("seed " + SEED);
        annex = AnnexOnPostgres.start(directory);
        session = annex.session();
        session.run("select setseed(0.5)");
        for (String table : List.of("docs", "notes")) {
            RandomRows.create(session, table);
        }
        session.run(
                "select annex.create_index('docs', 'embedding', metric => 'l2', method => 'flat',"
                        + " namespace_column => 'tenant', include => '{one_in}')",
                "select annex.create_index('notes', 'embedding', method => 'hnsw')",
                "select annex.wait_for_index('docs_embedding', '1 minute')",
                "select annex.wait_for_index('notes_embedding', '1 minute')");
    }

    @AfterAll
    void close() throws Exception {
        session.close();
        annex.close();
    }

    static List<String> batch(
            Session from, String table, float[][] queries, int k, String arguments)
            throws SQLException {
        return from.rows(
                "select ordinal, (hit).tenant, (hit).id, (hit).title, distance from"
                        + " annex.search_batch(null::"
                        + table
                        + ", 'embedding', ?, "
                        + k
                        + arguments
                        + ")",
                (Object) queries);
    }

    static List<String> singles(
            Session from, String table, float[][] queries, int k, String arguments)
            throws SQLException {
        List<String> all = new ArrayList<>();
        for (int i = 0; i < queries.length; i++) {
            all.addAll(
                    from.rows(
                            "select "
                                    + (i + 1)
                                    + ", (hit).tenant, (hit).id, (hit).title, distance from"
                                    + " annex.search(null::"
                                    + table
                                    + ", 'embedding', ?, "
                                    + k
                                    + arguments
                                    + ")",
                            queries[i]));
        }
        return all;
    }

    void assertSame(String table, int count, int k, String arguments) throws SQLException {
        float[][] queries = RandomRows.queries(random, count);
        assertEquals(
                singles(session, table, queries, k, arguments),
                batch(session, table, queries, k, arguments),
                () -> table + ", k " + k + arguments + ", seed " + SEED);
    }
}
