package io.annexdb.benchmarks.server;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;

/** Tells people how to connect to a development server. */
public final class ConnectionHelp {
    private ConnectionHelp() {}

    public static void print(DevelopmentServer server, PrintStream out) throws IOException {
        Ports ports = server.ports();
        String secret = Files.readString(server.folder().secret()).strip();
        out.printf(
                """

                Connect with
                  psql      psql "postgresql://%1$s:%2$s@127.0.0.1:%3$d/%4$s"
                  JDBC      %5$s?user=%1$s&password=%2$s
                The sidecar itself
                  psql      psql "postgresql://annex:%6$s@127.0.0.1:%7$d/annex" -c "SELECT * FROM annex.index_status"
                  status    http://127.0.0.1:%8$d/
                  metrics   http://127.0.0.1:%8$d/metrics
                Files       %9$s (logs in log/)
                """,
                server.user(),
                server.password(),
                ports.postgres(),
                EmbeddedServer.DATABASE,
                server.jdbcUrl(),
                secret,
                ports.sidecar(),
                ports.http(),
                server.folder().path());
    }
}
