package io.annexdb.sidecar.endtoend;

import static io.annexdb.sidecar.endtoend.AnnexServer.execute;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;

/** Clients that are not Java: psycopg2 and psql run the search and ask the sidecar itself. */
class OtherClientsTest {
    private static final String PYTHON = "/usr/bin/python3";

    @TempDir Path folder;

    @Test
    void otherClientsRunTheSearch() throws Exception {
        boolean psycopg = run(PYTHON, "-c", "import psycopg2").status() == 0;
        boolean psql = run("psql", "--version").status() == 0;
        assumeTrue(psycopg || psql, "neither psycopg2 nor psql is installed");
        try (AnnexServer server = AnnexServer.start(folder);
                Connection connection = server.connect()) {
            execute(connection, "create table points (id bigint primary key, embedding real[])");
            execute(
                    connection,
                    "insert into points select i, array[i, 0] from generate_series(1, 50) i");
            execute(connection, "select annex.create_index('points', 'embedding', metric => 'l2')");
            execute(connection, "select annex.wait_for_index('points_embedding', '60 s')");
            String database =
                    "host=127.0.0.1 port=%d user=postgres dbname=postgres"
                            .formatted(server.databasePort());
            String sidecar =
                    "host=127.0.0.1 port=%d user=annex dbname=annex password=%s"
                            .formatted(server.wirePort(), server.secret());
            if (psycopg) {
                assertPython(database, sidecar);
            }
            if (psql) {
                assertPsql(database, sidecar);
            }
        }
    }

    private static void assertPython(String database, String sidecar) throws Exception {
        Output search =
                run(
                        PYTHON,
                        "-c",
                        """
                        import psycopg2, sys
                        cursor = psycopg2.connect(sys.argv[1]).cursor()
                        cursor.execute("set annex.fallback = 'error'")
                        cursor.execute("select (hit).id from annex.search(null::points, 'embedding',"
                                       " %s::real[], k => %s)", ([7.2, 0.0], 2))
                        print([row[0] for row in cursor.fetchall()])
                        cursor = psycopg2.connect(sys.argv[2]).cursor()
                        cursor.execute("select * from annex.index_status")
                        print([row[[c.name for c in cursor.description].index('index_name')]
                               for row in cursor.fetchall()])
                        """,
                        database,
                        sidecar);
        assertEquals("[7, 8]\n['points_embedding']\n", search.text());
    }

    private static void assertPsql(String database, String sidecar) throws Exception {
        Output search =
                run(
                        "psql",
                        "-X",
                        "-A",
                        "-t",
                        "-q",
                        database,
                        "-c",
                        "set annex.fallback = 'error'",
                        "-c",
                        "select (hit).id from annex.search(null::points, 'embedding', '{9.9,0}', k"
                                + " => 1)");
        assertEquals("10\n", search.text());
        Output status =
                run("psql", "-X", "-A", "-t", sidecar, "-c", "select * from annex.sidecar_status");
        assertEquals(0, status.status(), status.text());
        assertEquals("test", status.text().split("\\|", 2)[0]);
    }

    private record Output(int status, String text) {}

    private static Output run(String... command) throws InterruptedException {
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            String text =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Output(process.waitFor(), text);
        } catch (IOException e) {
            return new Output(127, String.valueOf(e.getMessage()));
        }
    }
}
