package io.annexdb.benchmarks.demo;

import io.annexdb.benchmarks.text.Embedder;

import org.jspecify.annotations.Nullable;

import java.io.PrintStream;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Runs a few searches that differ in kind, and prints each statement with its answer. */
final class ShowSearches {
    private static final int COLUMN_WIDTH_MAX = 58;

    private static final List<Example> EXAMPLES =
            List.of(
                    new Example(
                            "Plain search",
                            "someone who repairs water pipes",
                            """
                            SELECT round(distance::numeric, 3) AS distance, (hit).metadata->>'words' AS words,
                                   (hit).content
                            FROM annex.search(NULL::memory.memory_entries, 'embedding', $1, k => 5)\
                            """),
                    new Example(
                            "With a relational filter: verbs with a short explanation only",
                            "to speak very softly",
                            """
                            SELECT round(distance::numeric, 3) AS distance, (hit).metadata->>'words' AS words,
                                   (hit).content
                            FROM annex.search(NULL::memory.memory_entries, 'embedding', $1, k => 5,
                                 filter => $$category = 'verb' AND length(content) < 40$$)\
                            """),
                    new Example(
                            "Joined with the graph: neighbours together with what they are a kind"
                                    + " of",
                            "a dog that is used for hunting",
                            """
                            SELECT round(s.distance::numeric, 3) AS distance,
                                   (s.hit).metadata->>'words' AS words,
                                   broader.metadata->>'words' AS is_a_kind_of
                            FROM annex.search(NULL::memory.memory_entries, 'embedding', $1, k => 5) s
                            LEFT JOIN memory.graph_edges e
                                   ON (e.namespace, e.source_id) = ((s.hit).namespace, (s.hit).id)
                                  AND e.relation = 'hypernym'
                            LEFT JOIN memory.memory_entries broader
                                   ON (broader.namespace, broader.id) = (e.namespace, e.target_id)
                            ORDER BY s.distance\
                            """),
                    new Example(
                            "Inside one namespace",
                            "it lives in the sea",
                            """
                            SELECT round(distance::numeric, 3) AS distance, (hit).metadata->>'words' AS words,
                                   (hit).content
                            FROM annex.search(NULL::memory.memory_entries, 'embedding', $1, k => 5,
                                 namespace => 'noun.animal')\
                            """));

    private final Connection connection;
    private final Embedder embedder;
    private final PrintStream out;

    /** A search to show; {@code $1} stands for the vector of the question. */
    private record Example(String title, String question, String sql) {}

    ShowSearches(Connection connection, Embedder embedder, PrintStream out) {
        this.connection = connection;
        this.embedder = embedder;
        this.out = out;
    }

    void run() throws SQLException {
        for (Example example : EXAMPLES) {
            out.println();
            out.println(example.title() + ". $1 = the vector of \"" + example.question() + "\"");
            out.println();
            out.println(example.sql().indent(2).stripTrailing());
            out.println();
            print(example.sql(), embedder.embed(example.question()));
        }
        out.println();
    }

    private void print(String sql, float[] vector) throws SQLException {
        // JDBC's placeholder for what the statement above calls $1; the filter's own quotes stay.
        String jdbcSql = sql.replaceFirst("\\$1", "?::real[]");
        try (PreparedStatement statement = connection.prepareStatement(jdbcSql)) {
            statement.setObject(1, vector);
            try (ResultSet rows = statement.executeQuery()) {
                table(rows).forEach(line -> out.println("  " + line));
            }
        }
    }

    private static List<String> table(ResultSet rows) throws SQLException {
        ResultSetMetaData columns = rows.getMetaData();
        List<List<String>> cells = new ArrayList<>();
        List<String> head = new ArrayList<>();
        for (int i = 1; i <= columns.getColumnCount(); i++) {
            head.add(columns.getColumnLabel(i));
        }
        cells.add(head);
        while (rows.next()) {
            List<String> row = new ArrayList<>();
            for (int i = 1; i <= columns.getColumnCount(); i++) {
                row.add(shown(rows.getString(i)));
            }
            cells.add(row);
        }
        return aligned(cells);
    }

    private static String shown(@Nullable String value) {
        if (value == null) {
            return "-";
        }
        String plain = value.replaceAll("[\\[\\]\"]", "");
        return plain.length() <= COLUMN_WIDTH_MAX
                ? plain
                : plain.substring(0, COLUMN_WIDTH_MAX - 1) + "…";
    }

    private static List<String> aligned(List<List<String>> cells) {
        List<String> lines = new ArrayList<>();
        for (List<String> row : cells) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < row.size(); i++) {
                int column = i;
                int width = cells.stream().mapToInt(r -> r.get(column).length()).max().orElse(1);
                line.append(String.format(Locale.ROOT, "%-" + (width + 2) + "s", row.get(i)));
            }
            lines.add(line.toString().stripTrailing());
        }
        return lines;
    }
}
