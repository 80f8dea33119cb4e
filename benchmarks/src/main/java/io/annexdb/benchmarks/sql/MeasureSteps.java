package io.annexdb.benchmarks.sql;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Runs the steps of a search in a temporary function, so that neither the client nor the network is
 * measured. With {@code annex.fallback = 'error'}: what is measured is the sidecar's answer.
 */
final class MeasureSteps {
    static final List<String> STEPS =
            List.of(
                    "find the index",
                    "check the arguments",
                    "route",
                    "ask the sidecars, eventual",
                    "ask the sidecars, strong",
                    "fetch the rows",
                    "annex.search, whole");

    private static final int QUERIES = 200;

    private final Connection connection;
    private final String index;
    private final @Nullable String namespace;
    private final int k;
    private final int repetitions;
    private String table = "";

    MeasureSteps(
            Connection connection,
            String index,
            @Nullable String namespace,
            int k,
            int repetitions) {
        this.connection = connection;
        this.index = index;
        this.namespace = namespace;
        this.k = k;
        this.repetitions = repetitions;
    }

    /**
     * Installs the function and takes vectors of the table as queries, scaled out of it a little.
     */
    void prepare() throws SQLException, IOException {
        IndexedColumn indexed = IndexedColumn.find(connection, index);
        table = indexed.table();
        try (Statement statement = connection.createStatement()) {
            statement.execute(
                    "create temporary table step_queries as select row_number() over () - 1 as"
                            + " place, query from ("
                            + indexed.sampleQueries(QUERIES)
                            + ") s");
            try (InputStream in = MeasureSteps.class.getResourceAsStream("measure_step.sql")) {
                if (in == null) {
                    throw new IOException("measure_step.sql is missing");
                }
                statement.execute(new String(in.readAllBytes(), StandardCharsets.UTF_8));
            }
        }
    }

    StepTimes median(String step, int rounds) throws SQLException {
        List<double[]> times = new ArrayList<>();
        for (int round = 0; round < rounds; round++) {
            times.add(once(step));
        }
        times.sort(Comparator.comparingDouble(time -> time[0]));
        double[] middle = times.get(times.size() / 2);
        return new StepTimes(middle[0], middle[1], times.getFirst()[0], times.getLast()[0]);
    }

    private double[] once(String step) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        "select * from pg_temp.measure_step(?, ?, null::" + table + ", ?, ?, ?)")) {
            statement.setString(1, step);
            statement.setString(2, index);
            statement.setInt(3, k);
            statement.setString(4, namespace);
            statement.setInt(5, repetitions);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return new double[] {row.getDouble(1), row.getDouble(2)};
            }
        }
    }
}
