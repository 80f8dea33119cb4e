package io.annexdb.sidecar.filter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.AttributeRow;
import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.IncludedColumn;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.replication.AttributeValue;
import io.annexdb.sidecar.replication.SnapshotCopy;
import io.annexdb.sidecar.replication.TestServer;
import io.annexdb.sidecar.segment.Segment;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What a filter finds, judged by PostgreSQL: the same rows as {@code select … where}, with NULLs,
 * NaN and letters of all kinds in them. What the parser refuses is not wrong, but it may not refuse
 * much.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FilterAgainstPostgresTest {
    private static final long SEED = System.nanoTime();
    private static final int ROWS = 3_000;
    private static final int PREDICATES = 4_000;

    private static final List<IncludedColumn> INCLUDED =
            List.of(
                    column("i2", "int2"),
                    column("i4", "int4"),
                    column("i8", "int8"),
                    column("f4", "float4"),
                    column("f8", "float8"),
                    column("n2", "numeric/2"),
                    column("n", "numeric"),
                    column("t", "text"),
                    column("tc", "text/C"),
                    column("v", "varchar"),
                    column("c", "bpchar"),
                    column("nm", "name/C"),
                    column("b", "bool"),
                    column("d", "date"),
                    column("ts", "timestamp"),
                    column("tz", "timestamptz"),
                    column("u", "uuid"),
                    column("ai", "_int4"),
                    column("al", "_int8"),
                    column("at", "_text"),
                    column("Odd name", "int4"));

    private static final Set<String> NAMES =
            INCLUDED.stream().map(IncludedColumn::name).collect(Collectors.toSet());

    private TestServer server;
    private Connection connection;
    private Segment segment;

    private static IncludedColumn column(String name, String description) {
        return IncludedColumn.of(name, description, 1);
    }

    @BeforeAll
    void load() throws Exception {
        System.out.println("seed " + SEED);
        server = TestServer.start();
        server.execute(
                "create domain tag as text",
                "create table r (id int primary key, i2 smallint, i4 int, i8 bigint, f4 real, f8"
                        + " float8, n2 numeric(14, 2), n numeric, t text, tc text collate \"C\", v"
                        + " varchar(20), c char(4), nm name, b boolean, d date, ts timestamp, tz"
                        + " timestamptz, u uuid, ai int[], al bigint[], at text[], \"Odd name\""
                        + " int)");
        insert();
        segment =
                new Segment(
                        Metric.L2,
                        ElementType.FLOAT32,
                        1,
                        INCLUDED,
                        new MemoryBudget(1L << 30),
                        null);
        Map<Long, AttributeRow> rows = new TreeMap<>();
        List<String> columns = new ArrayList<>(List.of("id"));
        INCLUDED.forEach(column -> columns.add(column.name()));
        try (SnapshotCopy copy = new SnapshotCopy(server.source("filter"))) {
            copy.takeSnapshot("filter");
            copy.copy(
                    "public.r",
                    columns,
                    tuple -> {
                        AttributeRow.Builder id = new AttributeRow.Builder(1);
                        AttributeValue.read(column("id", "int4"), tuple, 0, id, 0);
                        AttributeRow.Builder row = new AttributeRow.Builder(INCLUDED.size());
                        for (int i = 0; i < INCLUDED.size(); i++) {
                            AttributeValue.read(INCLUDED.get(i), tuple, i + 1, row, i);
                        }
                        rows.put(id.build().number(0), row.build());
                    },
                    () -> false);
        }
        // By id, so that it is the slot.
        rows.forEach((id, row) -> {
            RowKey key = RowKey.of(id.toString());
            segment.ensureRoom(key, row);
            segment.put(key, null, row, new float[] {1});
        });
        connection = server.connect();
        try (Statement statement = connection.createStatement()) {
            statement.execute("set timezone to 'UTC'");
        }
        assertEquals(ROWS, segment.slots());
    }

    private void insert() throws SQLException {
        Random random = new Random(SEED);
        String words =
                "(array['', 'a', 'b', 'ab', 'aB', 'A', 'ä', '日本', 'a_b', 'a%b', E'a\\\\b', 'it''s',"
                        + " '😀', 'z '])";
        String[] expressions = {
            "(random() * 6 - 3)::int",
            "case when random() < .1 then 2147483647 else (random() * 6 - 3)::int end",
            "(array[0, 1, -1, 3, 9223372036854775807, -9223372036854775808,"
                    + " 2147483648])[ceil(random() * 7)]",
            "(array[0, 0.1, '-0', 1.5, 16777216, 'NaN', 'Infinity', '-Infinity',"
                    + " 1e30]::real[])[ceil(random() * 9)]",
            "(array[0, 0.1, '-0', 1.5, 0.30000000000000004, 'NaN', 'Infinity', '-Infinity',"
                    + " 9.223372036854775807e18]::float8[])[ceil(random() * 9)]",
            "(array[0, 0.1, -0.01, 1.5, 2, 'NaN', 123456789012.34, 3, -1]::numeric[])[ceil(random()"
                    + " * 9)]",
            "(array[0, 0.1, -0.01, 1.50, 2.000, 'NaN', 'Infinity', '-Infinity', 1e20,"
                + " 99999999999999999999.5, 9223372036854775807]::numeric[])[ceil(random() * 11)]",
            words + "[ceil(random() * 14)]",
            words + "[ceil(random() * 14)]",
            words + "[ceil(random() * 14)]",
            words + "[ceil(random() * 14)]",
            words + "[ceil(random() * 14)]",
            "random() < .5",
            "(array['2020-01-01', '2020-01-02', '1999-12-31', '2024-02-29', '0001-01-01',"
                + " '9999-12-31', 'infinity', '-infinity', '0044-03-15 BC']::date[])[ceil(random()"
                + " * 9)]",
            "(array['2020-01-01', '2020-01-01 12:30', '1999-12-31 23:59:59.999999', '2020-01-02"
                + " 01:02:03.4', 'infinity', '0044-03-15 BC']::timestamp[])[ceil(random() * 6)]",
            "(array['2020-01-01 00:00+00', '2020-01-01 12:30+00', '2020-01-01 18:00+00',"
                    + " '2020-01-01 10:30+00', 'infinity']::timestamptz[])[ceil(random() * 5)]",
            "format('0000000%s-0000-4000-8000-00000000000a', (random() * 3)::int)::uuid",
            "(array['{}', '{1}', '{1,2}', '{2,3,NULL}', '{NULL}', '{{1,2},{3,4}}',"
                    + " '[0:1]={1,4}'])[ceil(random() * 7)]::int[]",
            "(array['{}', '{1}', '{1,2}', '{2,3,NULL}', '{NULL}', '{{1,2},{3,4}}'])[ceil(random() *"
                    + " 6)]::bigint[]",
            "(array['{}', '{a}', '{a,b}', '{\"a b\",NULL}', '{NULL}', '{\"NULL\"}',"
                    + " '{日本}'])[ceil(random() * 7)]::text[]",
            "(random() * 6 - 3)::int"
        };
        String values =
                Arrays.stream(expressions)
                        .map(each -> "case when random() >= .12 then " + each + " end")
                        .collect(Collectors.joining(", "));
        server.execute(
                "select setseed("
                        + (random.nextDouble() * 2 - 1)
                        + "); insert into r select g, "
                        + values
                        + " from generate_series(0, "
                        + (ROWS - 1)
                        + ") g where g > -random()");
    }

    @AfterAll
    void close() throws SQLException, IOException {
        segment.close();
        connection.close();
        server.close();
    }

    @Test
    void randomPredicates() throws SQLException {
        RandomPredicate predicates = new RandomPredicate(new Random(SEED));
        int refused = 0;
        int tried = 0;
        while (tried < PREDICATES) {
            String predicate = predicates.next(tried % 4);
            BitSet expected = inPostgres(predicate);
            if (expected == null) {
                continue;
            }
            tried++;
            try {
                assertEquals(expected, here(predicate), () -> "seed " + SEED + ": " + predicate);
            } catch (AnnexException e) {
                assertEquals(ErrorCode.FILTER_NOT_EVALUABLE, e.code());
                refused++;
            }
        }
        System.out.println(refused + " of " + tried + " predicates were refused");
        assertTrue(refused < tried / 3, refused + " of " + tried + " were refused, seed " + SEED);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "lower(t) = 'a'",
                "t ilike 'a'",
                "t < 'a'",
                "t collate \"C\" < 'a'",
                "i4 = i8",
                "i4 + 1 = 2",
                "i4 = 1 -- one",
                "i4 = /* one */ 1",
                "t = E'a'",
                "t = $$a$$",
                "t = 'x\\' or t = 'a' or t = '\\'",
                "current_user = 'postgres'",
                "user = 'postgres'",
                "tz > now()",
                "tz > current_date",
                "r.i4 = 1",
                "i4 = (select 1)",
                "exists (select 1)",
                "i4 in (select 1)",
                "(i4, i8) = (1, 1)",
                "ai[1] = 1",
                "ai = '{1}'",
                "i4 = null",
                "i4 is distinct from 1",
                "i4 between symmetric 2 and 1",
                "t like 'a' escape '!'",
                "t similar to 'a'",
                "t ~ 'a'",
                "t = 'a' 'b'",
                "i4 <> all ('{1}')",
                "i4 <> any ('{1}')",
                "ts > 'today'",
                "ts > '01/02/2020'",
                "f4 in (0.1, 0.2)",
                "f4 in ('NaN'::float8, '0.1')",
                "i4 = 1.5::int",
                "v = 'a'::varchar(1)",
                "id = 1",
                "case when b then true else false end",
                "coalesce(b, true)",
            })
    void refuses(String predicate) {
        AnnexException refusal = assertThrows(AnnexException.class, () -> here(predicate));
        assertEquals(ErrorCode.FILTER_NOT_EVALUABLE, refusal.code());
    }

    @Test
    void timesWithoutAZoneNeedUtc() {
        assertThrows(
                AnnexException.class,
                () -> ParseFilter.parse("tz > '2020-01-01 10:00'", INCLUDED, NAMES, false));
        ParseFilter.parse("tz > '2020-01-01 10:00+01'", INCLUDED, NAMES, false);
    }

    @Test
    void onlyColumnsThatMayBeUsed() {
        assertThrows(
                AnnexException.class,
                () -> ParseFilter.parse("i4 = 1", INCLUDED, Set.of("i8"), false));
    }

    /** The rows, or null where PostgreSQL finds the predicate wrong. */
    private @Nullable BitSet inPostgres(String predicate) throws SQLException {
        BitSet rows = new BitSet();
        try (Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery("select id from r where (" + predicate + "\n)")) {
            while (row.next()) {
                rows.set(row.getInt(1));
            }
            return rows;
        } catch (SQLException e) {
            assertTrue(
                    String.valueOf(e.getSQLState()).matches("(22|42).*"),
                    () -> predicate + ": " + e);
            return null;
        }
    }

    private BitSet here(String predicate) {
        Filter filter = ParseFilter.parse(predicate, INCLUDED, NAMES, true);
        BitSet rows = new BitSet();
        for (int slot : new FindMatches(filter, segment, 0).from(0).slots(0)) {
            rows.set(slot);
        }
        return rows;
    }
}
