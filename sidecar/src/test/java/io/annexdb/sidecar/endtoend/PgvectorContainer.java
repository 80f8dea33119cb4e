package io.annexdb.sidecar.endtoend;

import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.images.builder.ImageFromDockerfile;

import java.io.IOException;
import java.net.ServerSocket;
import java.time.Duration;

/**
 * Debian's PostgreSQL 17 with pgvector, in a container on the host's network, so that its {@code
 * dblink} reaches the sidecar of the test.
 */
final class PgvectorContainer extends GenericContainer<PgvectorContainer> {
    static final String PASSWORD = "pgvector";

    private final int port;

    PgvectorContainer() throws IOException {
        super(image());
        port = freePort();
        withNetworkMode("host");
        withCommand(
                "bash",
                "-c",
                String.join(
                        " && ",
                        "export PGDATA=/var/lib/postgresql/data",
                        "install -d -o postgres -g postgres -m 700 $PGDATA",
                        "echo " + PASSWORD + " >/tmp/password",
                        "chmod 644 /tmp/password",
                        "runuser -u postgres -- /usr/lib/postgresql/17/bin/initdb -A scram-sha-256"
                                + " --pwfile=/tmp/password -E UTF8 --locale=C.UTF-8",
                        "exec runuser -u postgres -- /usr/lib/postgresql/17/bin/postgres -p "
                                + port
                                + " -c wal_level=logical -c fsync=off"
                                + " -c unix_socket_directories=/tmp"));
        waitingFor(
                Wait.forLogMessage(".*ready to accept connections.*", 1)
                        .withStartupTimeout(Duration.ofMinutes(2)));
    }

    int port() {
        return port;
    }

    private static ImageFromDockerfile image() {
        return new ImageFromDockerfile("annex-test-pgvector", false)
                .withDockerfileFromBuilder(builder ->
                        builder.from("debian:trixie")
                                .run(
                                        "apt-get update -qq && apt-get install -y -qq"
                                                + " --no-install-recommends postgresql-17"
                                                + " postgresql-17-pgvector")
                                .build());
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
