package io.annexdb.sidecar.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.postgresql.core.BaseConnection;
import org.postgresql.core.Oid;
import org.postgresql.jdbc.PgArray;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.List;

/** The one row of an answer, taken apart by pgjdbc and Jackson; its signature has been checked. */
record Answer(
        String nonce,
        String status,
        JsonNode detail,
        List<Double> distances,
        List<String> keys,
        List<Long> hashes) {
    private static final ObjectMapper JSON = new ObjectMapper();

    static Answer of(Connection connection, String payload) throws SQLException {
        return ofSql(connection, SignedRequest.sql(payload));
    }

    static Answer ofSql(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            return only(connection, row);
        }
    }

    static Answer only(Connection connection, ResultSet row) throws SQLException {
        assertTrue(row.next());
        String signed =
                String.join(
                        "\n",
                        row.getString("nonce"),
                        row.getString("status"),
                        row.getString("detail"),
                        row.getString("distances"),
                        row.getString("keys"),
                        row.getString("hashes"));
        assertEquals(SignedRequest.sign(signed), row.getString("signature"));
        Answer answer =
                new Answer(
                        row.getString("nonce"),
                        row.getString("status"),
                        JSON.readTree(row.getString("detail")),
                        List.of((Double[]) array(connection, Oid.FLOAT8_ARRAY, row, "distances")),
                        Arrays.asList((String[]) array(connection, Oid.TEXT_ARRAY, row, "keys")),
                        List.of((Long[]) array(connection, Oid.INT8_ARRAY, row, "hashes")));
        assertFalse(row.next());
        return answer;
    }

    String sqlState() {
        assertEquals("error", status, () -> "no error: " + detail);
        return detail.get("sqlstate").asString();
    }

    String message() {
        return detail.get("message").asString();
    }

    private static Object array(Connection connection, int oid, ResultSet row, String column)
            throws SQLException {
        BaseConnection base = connection.unwrap(BaseConnection.class);
        return new PgArray(base, oid, row.getString(column)).getArray();
    }
}
