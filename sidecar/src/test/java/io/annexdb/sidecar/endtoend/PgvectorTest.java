package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;
import org.testcontainers.DockerClientFactory;

import java.sql.DriverManager;

class PgvectorTest {
    @Test
    void starts() throws Exception {
        assumeTrue(DockerClientFactory.instance().isDockerAvailable(), "no Docker engine");
        try (PgvectorContainer container = new PgvectorContainer()) {
            container.start();
            try (var c =
                            DriverManager.getConnection(
                                    "jdbc:postgresql://127.0.0.1:" + container.port() + "/postgres",
                                    "postgres",
                                    PgvectorContainer.PASSWORD);
                    var s = c.createStatement()) {
                s.execute("create extension vector");
                var r = s.executeQuery("select '[1,2]'::vector <-> '[1,3]'");
                r.next();
                assertEquals(1.0, r.getDouble(1));
            }
        }
    }
}
