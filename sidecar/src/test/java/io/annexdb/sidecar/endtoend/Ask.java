package io.annexdb.sidecar.endtoend;

import io.annexdb.sidecar.model.Lsn;

import org.postgresql.core.BaseConnection;
import org.postgresql.core.Oid;
import org.postgresql.jdbc.PgArray;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Asks a sidecar itself, as the SQL functions do, and takes its answers apart. */
public final class Ask implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Connection connection;

    /** A row that was found: its key, its distance, the hash of its vector. */
    public record Found(long key, double distance, long hash) {}

    /** An answer, and the position that was applied when it was searched. */
    public record Answer(List<Found> rows, Lsn applied) {}

    private Ask(Connection connection) {
        this.connection = connection;
    }

    /** Logs in at the port of a sidecar of the tests. */
    public static Ask connect(int port) throws SQLException {
        return new Ask(
                DriverManager.getConnection(
                        "jdbc:postgresql://127.0.0.1:"
                                + port
                                + "/annex?preferQueryMode=simple&connectTimeout=2&socketTimeout=20",
                        "annex",
                        AnnexServer.SECRET));
    }

    /** The nearest rows, with strong consistency. */
    public Answer search(long index, float[] query, int k) throws SQLException {
        return ask("search", arguments(index, query, k));
    }

    /** Exactly these rows, as far as the index has them. */
    public Answer rank(long index, float[] query, Collection<Long> keys) throws SQLException {
        String named =
                keys.stream().map(key -> "[\"" + key + "\"]").collect(Collectors.joining(","));
        return ask(
                "rank",
                arguments(index, query, Math.max(1, keys.size())) + ",\"keys\":[" + named + "]");
    }

    private static String arguments(long index, float[] query, int k) {
        String vector = Arrays.toString(query);
        return "\"index\":" + index + ",\"k\":" + k + ",\"ef\":200,\"query\":" + vector;
    }

    private Answer ask(String operation, String arguments) throws SQLException {
        String payload =
                "{\"op\":\"%s\",\"nonce\":\"%s\",\"user\":\"judge\",\"expires\":%d,\"timeout_ms\":10000,%s}"
                        .formatted(
                                operation,
                                UUID.randomUUID().toString().replace("-", ""),
                                System.currentTimeMillis() + 60_000,
                                arguments);
        try (Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery(
                                "SELECT annex.request('"
                                        + payload
                                        + "', '"
                                        + sign(payload)
                                        + "')")) {
            row.next();
            JsonNode detail = JSON.readTree(row.getString("detail"));
            if (!row.getString("status").equals("ok")) {
                throw new SQLException(
                        detail.get("message").asString(), detail.get("sqlstate").asString());
            }
            Double[] distances = (Double[]) array(Oid.FLOAT8_ARRAY, row.getString("distances"));
            String[] keys = (String[]) array(Oid.TEXT_ARRAY, row.getString("keys"));
            Long[] hashes = (Long[]) array(Oid.INT8_ARRAY, row.getString("hashes"));
            List<Found> found = new ArrayList<>();
            for (int i = 0; i < distances.length; i++) {
                found.add(new Found(Long.parseLong(keys[i]), distances[i], hashes[i]));
            }
            return new Answer(found, Lsn.parse(detail.get("applied").asString()));
        }
    }

    private Object array(int oid, String literal) throws SQLException {
        return new PgArray(connection.unwrap(BaseConnection.class), oid, literal).getArray();
    }

    private static String sign(String text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(
                    new SecretKeySpec(
                            AnnexServer.SECRET.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
            return HexFormat.of().formatHex(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
