package io.annexdb.sidecar.replication;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.ServerIdentity;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;

/** Rows from the stream and from a snapshot copy, against what SQL says of the same rows. */
class RoundTripTest {
    private static TestServer server;

    private static final List<String> KEY_TYPES =
            List.of(
                    "smallint",
                    "integer",
                    "bigint",
                    "oid",
                    "text",
                    "varchar(20)",
                    "char(12)",
                    "name",
                    "uuid",
                    "boolean",
                    "date",
                    "timestamp",
                    "timestamptz",
                    "positive",
                    "label");

    @BeforeAll
    static void start() throws Exception {
        server = TestServer.start();
        server.execute(
                "CREATE DOMAIN positive AS bigint CHECK (value > 0)",
                "CREATE DOMAIN label AS text",
                "CREATE TABLE kinds (id bigint PRIMARY KEY, " + columns(" ") + ", v real[])");
        server.execute(
                "SELECT pg_create_logical_replication_slot('annex_round', 'pgoutput')",
                "CREATE PUBLICATION annex_data FOR TABLE kinds");
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    /** The slot is older than the publication here: what a start after a lost publication meets. */
    @Test
    void streamAndCopySayWhatSqlSays() throws Exception {
        server.execute(
                "SELECT pg_drop_replication_slot('annex_round')",
                "SELECT pg_create_logical_replication_slot('annex_round', 'pgoutput')",
                insert(
                        1,
                        "-32768, -2147483648, -9223372036854775808, 4294967295, 'ä\uD83D\uDE00"
                            + " \"\\', 'x ', 'ab', 'some_name',"
                            + " 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', true, '2024-02-29',"
                            + " '2024-02-29 12:34:56.789', '2024-02-29 12:34:56.000001+05:30', 7,"
                            + " 'l'",
                        "'{1,2.5,-3e-10,1e38}'"),
                insert(
                        2,
                        "0, 0, 0, 0, '', '', '', '', '00000000-0000-0000-0000-000000000000', false,"
                                + " '0044-03-15 BC', '0044-03-15 01:02:03 BC', 'infinity', 1, ''",
                        "NULL"),
                insert(
                        3,
                        "1, 1, 1, 1, 'a', 'b', 'c', 'd', '00000000-0000-0000-0000-000000000001',"
                            + " true, 'infinity', '-infinity', '1970-01-01 00:00:00+00', 2, 'x'",
                        "'{1,NULL}'"),
                insert(
                        4,
                        "1, 1, 1, 1, 'a', 'b', 'c', 'd', '00000000-0000-0000-0000-000000000001',"
                                + " true, '12345-06-07', '12345-06-07 23:59:59.999999', '1883-11-18"
                                + " 12:03:58+00', 3, NULL",
                        "'{{1,2},{3,4}}'"),
                "INSERT INTO kinds (id, v) SELECT 5, array_agg(i) FROM generate_series(1, 2000) i");
        Map<String, List<@Nullable String>> expected = expected();
        assertEquals(5, expected.size());
        assertEquals(expected, streamed(expected.size()));
        assertEquals(expected, copied());
    }

    @Test
    void vectorsOfPgvectorInBothForms() {
        Bytes vector = new Bytes().int16(3).int16(0).float4(1).float4(-2.5f).float4(3e-10f);
        assertArrayEquals(new float[] {1, -2.5f, 3e-10f}, binary(ColumnType.VECTOR, vector));
        Bytes half = new Bytes().int16(3).int16(0).int16(0x3C00).int16(0xC000).int16(0x0001);
        assertArrayEquals(new float[] {1, -2, 5.9604645e-8f}, binary(ColumnType.HALFVEC, half));
        assertArrayEquals(new float[] {1, -2.5f}, text(ColumnType.VECTOR, "[1,-2.5]"));
        assertArrayEquals(new float[] {1, -2.5f}, text(ColumnType.REAL_ARRAY, "{1,-2.5}"));
        assertArrayEquals(new float[] {1, -2.5f}, text(ColumnType.REAL_ARRAY, "[0:1]={1,-2.5}"));
        assertEquals(0, text(ColumnType.REAL_ARRAY, "{1,NULL}").length);
        assertEquals(0, text(ColumnType.REAL_ARRAY, "{{1},{2}}").length);
        assertEquals(0, text(ColumnType.REAL_ARRAY, "{}").length);
    }

    @Test
    void extensionTypesAreFoundByName() {
        assertEquals(
                ColumnType.VECTOR,
                ColumnType.of(54_321, new TypeName(54_321, "extensions", "vector")).orElseThrow());
        assertEquals(
                ColumnType.BIGINT,
                ColumnType.of(54_321, new TypeName(54_321, "", "int8")).orElseThrow());
        assertTrue(ColumnType.of(54_321, new TypeName(54_321, "public", "int8")).isEmpty());
        assertTrue(ColumnType.of(1700, null).isEmpty());
    }

    private static Map<String, List<@Nullable String>> expected() throws Exception {
        Map<String, List<@Nullable String>> rows = new TreeMap<>();
        try (Connection connection = server.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("SET TimeZone = 'UTC'");
            statement.execute("SET DateStyle = 'ISO'");
            try (ResultSet row =
                    statement.executeQuery(
                            "SELECT id::text, " + columns("::text AS ") + ", v::text FROM kinds")) {
                while (row.next()) {
                    List<@Nullable String> values = new ArrayList<>();
                    for (int i = 0; i < KEY_TYPES.size(); i++) {
                        values.add(row.getString(i + 2));
                    }
                    values.add(vectorText(row.getString(KEY_TYPES.size() + 2)));
                    rows.put(row.getString(1), values);
                }
            }
        }
        return rows;
    }

    /** What cannot be indexed has no elements; all else is compared as exact floats. */
    private static @Nullable String vectorText(@Nullable String sql) {
        return sql == null ? null : Arrays.toString(text(ColumnType.REAL_ARRAY, sql));
    }

    private static Map<String, List<@Nullable String>> streamed(int count) throws Exception {
        BlockingQueue<StreamEvent> queue = new ArrayBlockingQueue<>(4);
        Map<String, List<@Nullable String>> rows = new TreeMap<>();
        ServerFacts facts;
        try (Connection walsender = Connections.replication(server.source("round"))) {
            facts = ServerFacts.read(walsender);
        }
        try (ReplicationStream stream =
                new ReplicationStream(
                        server.source("round"), at(facts.identity(), facts.flushed()), queue)) {
            stream.start();
            while (rows.size() < count) {
                StreamEvent event = queue.poll(10, TimeUnit.SECONDS);
                assertTrue(event != null, () -> "no event: " + stream.status());
                if (event instanceof StreamEvent.Changes changes) {
                    for (RowChange change : changes.rows()) {
                        RowChange.Insert insert = (RowChange.Insert) change;
                        add(rows, insert.relation().columns(), insert.row());
                    }
                }
            }
            assertTrue(stream.status().streaming());
            assertTrue(stream.status().error().isEmpty());
        }
        return rows;
    }

    private static Map<String, List<@Nullable String>> copied() throws Exception {
        Map<String, List<@Nullable String>> rows = new TreeMap<>();
        List<String> names = new ArrayList<>(List.of("id"));
        for (int i = 0; i < KEY_TYPES.size(); i++) {
            names.add("c" + i);
        }
        names.add("v");
        long oid = Long.parseLong(server.query("SELECT 'kinds'::regclass::oid").getFirst());
        RelationFacts facts;
        try (Connection connection = server.connect()) {
            facts =
                    Objects.requireNonNull(
                            RelationReader.read(connection, List.of(oid), names).get(oid));
        }
        assertEquals(List.of("id"), facts.identityColumns());
        try (SnapshotCopy copy = new SnapshotCopy(server.source("round"))) {
            Lsn point = copy.takeSnapshot("annex_round_copy_1");
            assertTrue(point.compareTo(Lsn.ZERO) > 0);
            server.execute("INSERT INTO kinds (id) VALUES (100)");
            copy.copy("public.kinds", names, row -> add(rows, facts.columns(), row), () -> false);
        }
        server.execute("DELETE FROM kinds WHERE id = 100");
        assertEquals(
                List.of("annex_round"),
                server.query("SELECT slot_name FROM pg_replication_slots"),
                "the temporary slot is gone");
        return rows;
    }

    private static void add(
            Map<String, List<@Nullable String>> rows, List<Relation.Column> columns, Tuple row) {
        List<@Nullable String> values = new ArrayList<>();
        for (int i = 1; i < columns.size(); i++) {
            ColumnType type = columns.get(i).requireType();
            if (row.isNull(i)) {
                values.add(null);
            } else if (type.isVector()) {
                values.add(Arrays.toString(VectorValue.of(type, row, i)));
            } else {
                values.add(TextValue.of(type, row, i));
            }
        }
        assertNull(
                rows.put(TextValue.of(columns.getFirst().requireType(), row, 0), values),
                "each row once");
    }

    private static StreamPosition at(ServerIdentity identity, Lsn lsn) {
        return new StreamPosition() {
            @Override
            public ServerIdentity identity() {
                return identity;
            }

            @Override
            public Lsn applied() {
                return lsn;
            }

            @Override
            public Lsn durable() {
                return lsn;
            }

            @Override
            public void promoted(ServerIdentity promoted) {
                throw new AssertionError("promoted to " + promoted);
            }
        };
    }

    private static String columns(String between) {
        StringBuilder columns = new StringBuilder();
        for (int i = 0; i < KEY_TYPES.size(); i++) {
            columns.append(i == 0 ? "" : ", ").append("c").append(i).append(between);
            columns.append(between.isBlank() ? KEY_TYPES.get(i) : "t" + i);
        }
        return columns.toString();
    }

    private static String insert(int id, String values, String vector) {
        return "INSERT INTO kinds VALUES (" + id + ", " + values + ", " + vector + ")";
    }

    private static float[] binary(ColumnType type, Bytes bytes) {
        byte[] value = bytes.done();
        return VectorValue.of(type, true, value, 0, value.length);
    }

    private static float[] text(ColumnType type, String text) {
        byte[] value = text.getBytes(StandardCharsets.UTF_8);
        return VectorValue.of(type, false, value, 0, value.length);
    }
}
