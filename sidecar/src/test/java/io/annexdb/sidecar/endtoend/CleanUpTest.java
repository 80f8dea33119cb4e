package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.stream.Stream;

/** However an index goes away: no slot, no publication, no file of it stays. */
class CleanUpTest {
    @RegisterExtension static final SharedAnnex ANNEX = new SharedAnnex();

    private final AnnexOnPostgres annex = ANNEX.running();
    private final Session session = ANNEX.session();

    @BeforeEach
    void createIndex() throws SQLException {
        session.run(
                "drop table if exists docs",
                "create table docs (id int primary key, embedding real[])",
                "insert into docs select i, array[i, 1] from generate_series(1, 500) i",
                "select annex.create_index('docs', 'embedding')",
                "select annex.wait_for_index('docs_embedding', '1 minute')");
        assertEquals("1,1,1", traces());
    }

    /** Slots, publications, shard folders. */
    private String traces() throws SQLException {
        try (Stream<Path> files = Files.walk(ANNEX.files())) {
            long folders =
                    files.filter(file -> file.getFileName().toString().matches("\\d+-\\d+"))
                            .count();
            return session.value(
                    "select (select count(*) from pg_replication_slots),"
                            + " (select count(*) from pg_publication), "
                            + folders);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private void assertNothingIsLeft() throws Exception {
        for (int i = 0; i < 200 && !traces().equals("0,0,0"); i++) {
            Thread.sleep(50);
        }
        assertEquals("0,0,0", traces());
    }

    @Test
    void dropIndex() throws Exception {
        session.run("select annex.drop_index('docs_embedding')");
        assertNothingIsLeft();
    }

    @Test
    void dropTable() throws Exception {
        session.run("drop table docs");
        assertNothingIsLeft();
    }

    @Test
    void rollbackOfDropAndOfCreate() throws Exception {
        session.run("begin", "select annex.drop_index('docs_embedding')", "rollback");
        assertEquals("docs_embedding", session.value("select index_name from annex.indexes"));
        session.run(
                "select annex.drop_index('docs_embedding')",
                "begin",
                "select annex.create_index('docs', 'embedding')",
                "rollback");
        assertNothingIsLeft();
    }

    @Test
    void teardown() throws Exception {
        session.run("select annex.teardown()");
        assertNothingIsLeft();
        assertEquals("0", session.value("select count(*) from pg_foreign_server"));
        session.rows(
                "select * from annex.setup(?, jsonb_build_array(jsonb_build_object('group', 0,"
                        + " 'host', '127.0.0.1', 'port', ?)))",
                io.annexdb.sidecar.SidecarUnderTest.SECRET,
                annex.sidecarPort());
    }
}
