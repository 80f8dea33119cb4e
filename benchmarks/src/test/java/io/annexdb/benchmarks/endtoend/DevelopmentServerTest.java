package io.annexdb.benchmarks.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.annexdb.benchmarks.server.DevelopmentServer;
import io.annexdb.benchmarks.server.Ports;
import io.annexdb.benchmarks.server.ServerFolder;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

class DevelopmentServerTest {
    private static final String SEARCH =
            "SELECT (hit).content FROM annex.search(NULL::memory.memory_entries, 'embedding',"
                    + " '{1,0}', k => 1)";

    @TempDir private Path parent = Path.of("");

    @Test
    void dataAndIndexSurviveARestartOnOtherPorts()
            throws IOException, InterruptedException, SQLException {
        try (DevelopmentServer server = start()) {
            execute(
                    server,
                    "INSERT INTO memory.memory_entries (namespace, id, content, embedding)"
                            + " VALUES ('a b', 1, 'here', '{1,0}'), ('a b', 2, 'there', '{0,1}')");
            execute(
                    server,
                    "SELECT annex.create_index('memory.memory_entries', 'embedding', name => 'm')");
            execute(server, "SELECT annex.wait_for_index('m', '2 minutes')");
            assertEquals("here", nearest(server));
        }
        try (DevelopmentServer server = start()) {
            execute(server, "SELECT annex.wait_for_index('m', '2 minutes')");
            assertEquals("here", nearest(server));
        }
    }

    @Test
    void aTemporaryServerLeavesNothingBehind() throws IOException, InterruptedException {
        ServerFolder folder = ServerFolder.temporary();
        DevelopmentServer server = new DevelopmentServer(folder, new Ports(0, 0, 0).resolve());
        try (server) {
            server.start();
        }
        assertFalse(Files.exists(folder.path()));
        server.close();
    }

    /** A blank and a quote in the path, because shells and YAML read it. */
    private DevelopmentServer start() throws IOException, InterruptedException {
        DevelopmentServer server =
                new DevelopmentServer(
                        ServerFolder.at(parent.resolve("Annex's data")),
                        new Ports(0, 0, 0).resolve());
        server.start();
        return server;
    }

    private static void execute(DevelopmentServer server, String sql)
            throws SQLException, IOException {
        try (Connection connection = connect(server);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String nearest(DevelopmentServer server) throws SQLException, IOException {
        try (Connection connection = connect(server);
                Statement statement = connection.createStatement()) {
            statement.execute("SET annex.fallback = 'error'");
            try (ResultSet row = statement.executeQuery(SEARCH)) {
                row.next();
                return row.getString(1);
            }
        }
    }

    private static Connection connect(DevelopmentServer server) throws SQLException, IOException {
        return DriverManager.getConnection(server.jdbcUrl(), server.user(), server.password());
    }
}
