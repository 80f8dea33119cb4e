package io.annexdb.sidecar.endtoend;

import static io.annexdb.sidecar.endtoend.AnnexServer.execute;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annexdb.migrations.AnnexMigrations;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.testcontainers.DockerClientFactory;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Columns of pgvector's types on Debian's PostgreSQL 17; pgvector's own operators are the judge.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PgvectorTest {
    private static final int ROWS = 600;
    private static final int DIMENSION = 24;
    private static final int BITS = 150;

    @SuppressWarnings("NullAway.Init")
    private PgvectorContainer container;

    @SuppressWarnings("NullAway.Init")
    private SidecarProcess sidecar;

    @SuppressWarnings("NullAway.Init")
    private Connection connection;

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        assumeTrue(DockerClientFactory.instance().isDockerAvailable(), "there is no Docker engine");
        container = new PgvectorContainer();
        container.start();
        String url = "jdbc:postgresql://127.0.0.1:" + container.port() + "/postgres";
        String password = PgvectorContainer.PASSWORD;
        AnnexMigrations.migrate(url, "postgres", password, Map.of());
        int wirePort = AnnexServer.freePort();
        int httpPort = AnnexServer.freePort();
        AnnexServer.setUp(url, password, wirePort);
        sidecar =
                SidecarProcess.start(
                        folder,
                        AnnexServer.config(
                                url,
                                password,
                                wirePort,
                                httpPort,
                                Files.createDirectory(folder.resolve("files"))),
                        httpPort);
        connection = DriverManager.getConnection(url, "postgres", password);
        execute(connection, "create extension vector");
        execute(connection, "set annex.fallback = 'error'");
    }

    @AfterAll
    void stop() throws SQLException {
        if (connection != null) {
            connection.close();
        }
        if (sidecar != null) {
            sidecar.close();
        }
        if (container != null) {
            container.stop();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"vector", "halfvec"})
    void findsWhatPgvectorFinds(String type) throws SQLException {
        String table = "items_" + type;
        execute(
                connection,
                "create table %s (id bigint primary key, embedding %s(%d))"
                        .formatted(table, type, DIMENSION));
        insert(table, type, 1, ROWS / 2);
        execute(
                connection,
                "select annex.create_index('%s', 'embedding', metric => 'l2')".formatted(table));
        execute(connection, "select annex.wait_for_index('%s_embedding', '60 s')".formatted(table));
        insert(table, type, ROWS / 2 + 1, ROWS);
        execute(connection, "delete from %s where id %% 10 = 3".formatted(table));
        execute(
                connection,
                "update %s set embedding = (select embedding from %s where id = 8) where id = 9"
                        .formatted(table, table));
        for (int query = 0; query < 20; query++) {
            String vector = vectorOf(1_000_000 + query);
            List<Double> exact =
                    distances(
                            "select (embedding <-> %s::%s)::float8 from %s order by 1 limit 10"
                                    .formatted(vector, type, table));
            List<Double> annex =
                    distances(
                            "select distance from annex.search(null::%s, 'embedding', %s)"
                                    .formatted(table, vector));
            assertEquals(exact.size(), annex.size(), "rows for query " + query);
            for (int i = 0; i < exact.size(); i++) {
                assertEquals(exact.get(i), annex.get(i), 2e-3 * exact.get(i), "query " + query);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"hamming, <~>", "jaccard, <%>"})
    void bitsAreAsFarApartAsPgvectorSays(String metric, String operator) throws SQLException {
        String table = "bits_" + metric;
        execute(
                connection,
                "create table %s (id bigint primary key, code bit(%d))".formatted(table, BITS));
        execute(
                connection,
                "select annex.create_index('%s', 'code', metric => '%s')".formatted(table, metric));
        execute(
                connection,
                "insert into %s select i, %s from generate_series(0, %d) i"
                        .formatted(table, bitsOf("i"), ROWS));
        // Without a one, where Jaccard has to be defined.
        execute(
                connection,
                "insert into %s values (-1, repeat('0', %d)::bit(%d))"
                        .formatted(table, BITS, BITS));
        execute(connection, "select annex.wait_for_index('%s_code', '60 s')".formatted(table));
        for (int query = -1; query < 20; query++) {
            String bits =
                    query < 0
                            ? "repeat('0', %d)::bit(%d)".formatted(BITS, BITS)
                            : bitsOf(Integer.toString(1_000 + query));
            assertEquals(
                    distances(
                            "select code %s %s from %s order by 1"
                                    .formatted(operator, bits, table)),
                    distances(
                            "select distance from annex.search(null::%s, 'code', annex.bits(%s), %d)"
                                    .formatted(table, bits, ROWS + 2)),
                    "query " + query);
        }
    }

    /** A reproducible bit string of a number, with more zeros than ones. */
    private static String bitsOf(String number) {
        return "(select string_agg(case when sin(%s * 0.37 + j * j * %s * 0.011) > 0.4 then '1' else '0' end, '')::bit(%d) from generate_series(1, %d) j)"
                .formatted(number, number, BITS, BITS);
    }

    @Test
    void aWrongDimensionIsRefusedWithBothNumbers() throws SQLException {
        execute(connection, "create table odd (id bigint primary key, embedding vector(3))");
        execute(connection, "select annex.create_index('odd', 'embedding')");
        execute(connection, "select annex.wait_for_index('odd_embedding', '60 s')");
        SQLException refused =
                assertThrows(
                        SQLException.class,
                        () ->
                                execute(
                                        connection,
                                        "select * from annex.search(null::odd, 'embedding',"
                                                + " array[1, 2]::real[])"));
        assertEquals("22000", refused.getSQLState());
        assertTrue(refused.toString().contains("expected 3 dimensions, not 2"), refused.toString());
    }

    private void insert(String table, String type, int first, int last) throws SQLException {
        execute(
                connection,
                "insert into %s select i, %s::%s from generate_series(%d, %d) i"
                        .formatted(table, vectorOf("i"), type, first, last));
    }

    /** A reproducible vector of a number: sines of its multiples. */
    private static String vectorOf(Object number) {
        return "(select array_agg(sin(%s * 0.37 + j * j * %s * 0.011)::real) from generate_series(1, %d) j)"
                .formatted(number, number, DIMENSION);
    }

    private List<Double> distances(String sql) throws SQLException {
        List<Double> distances = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            while (result.next()) {
                distances.add(result.getDouble(1));
            }
        }
        return distances;
    }
}
