package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;

/** A table that loses its key: errors say so, and what to do; exact SQL answers. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LostKeyTest {
    private static final String SEARCH =
            "select (hit).title from annex.search(null::docs, 'embedding', '{1,1}', 2";
    private static final String BATCH =
            "select (hit).title from annex.search_batch(null::docs, 'embedding', '{{1,1}}', 2";

    private AnnexOnPostgres annex;
    private Session session;

    @BeforeAll
    void start(@TempDir Path directory) throws Exception {
        annex = AnnexOnPostgres.start(directory);
        session = annex.session();
    }

    @AfterAll
    void close() throws Exception {
        session.close();
        annex.close();
    }

    @BeforeEach
    void createTable() throws SQLException {
        session.run(
                "drop table if exists docs",
                "create table docs (tenant int, id int primary key, title text, embedding real[])",
                "insert into docs select 1, i, 't' || i, array[i, 1] from generate_series(1, 9) i",
                "select annex.create_index('docs', 'embedding', metric => 'l2', namespace_column =>"
                        + " 'tenant')",
                "select annex.wait_for_index('docs_embedding', '1 minute')",
                "set annex.fallback = 'error'");
        assertEquals(List.of("t1", "t2"), session.rows(SEARCH + ")"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "drop constraint docs_pkey | public.docs has no usable key any more",
                "drop column id | key column \"id\" of public.docs is gone",
                "replica identity nothing | public.docs has no usable key any more",
            })
    void tableAndCauseAreNamed(String alteration, String cause) throws SQLException {
        session.run("alter table docs " + alteration);
        String message = "index \"docs_embedding\" is out of service: " + cause;
        String later = ", filter => $$title >= 't4'$$)";
        for (String search : List.of(SEARCH, BATCH)) {
            session.refuses("55000", message, search + ")");
            session.refuses("55000", message, search + later);
        }
        session.refuses("55000", message, "select annex.verify('docs_embedding')");
        session.refuses("55000", message, "select annex.wait_for_index('docs_embedding', '1 s')");
        session.run("set annex.fallback = 'exact'");
        for (String search : List.of(SEARCH, BATCH)) {
            assertEquals(List.of("t1", "t2"), session.rows(search + ")"));
            assertEquals(List.of("t4", "t5"), session.rows(search + later));
            String warning = session.warningOf(search + ", namespace => '1')");
            assertNotNull(warning);
            assertTrue(warning.contains(cause), warning);
        }
        assertEquals(
                "failed,t",
                session.value("select state, message like ? from annex.index_status", cause + "%"));
    }

    /** What is found has no key any more, or has columns that were one. */
    @Test
    void keysOfTheNearest() throws SQLException {
        String nearest = "select key ->> 'id' from annex.nearest('docs_embedding', '{1,1}', 2)";
        assertEquals(List.of("1", "2"), session.rows(nearest));
        session.run("set annex.fallback = 'exact'", "alter table docs drop constraint docs_pkey");
        assertEquals(List.of("1", "2"), session.rows(nearest));
        session.run("alter table docs drop column id");
        session.refuses(
                "55000",
                "index \"docs_embedding\" is out of service: key column \"id\" of public.docs is"
                        + " gone",
                nearest);
    }

    @Test
    void explainedAsWell() throws SQLException {
        session.run("alter table docs drop column id");
        assertEquals(
                "index not servable",
                session.value(
                        "select reason from annex.explain_row('docs_embedding', '1', '{1,1}')"));
    }

    @Test
    void withAKeyAgainItServesAgain() throws SQLException {
        session.run(
                "alter table docs drop constraint docs_pkey",
                "alter table docs add primary key (id)",
                "select annex.wait_for_index('docs_embedding', '1 minute')");
        assertEquals(List.of("t1", "t2"), session.rows(SEARCH + ")"));
    }

    @Test
    void aNamespaceThatIsGone() throws SQLException {
        session.run("alter table docs drop column tenant");
        session.refuses(
                "42703",
                "namespace column \"tenant\" of public.docs",
                SEARCH + ", namespace => '1')");
        session.run("set annex.fallback = 'exact'");
        assertEquals(List.of("t1", "t2"), session.rows(SEARCH + ")"));
    }
}
