package io.annexdb.sidecar;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Command;

import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;

/** {@code annex verify}: {@code annex.verify} for one index or all, with an exit code. */
@Command(
        name = "verify",
        description = {
            "Compares indexes with their tables, and repairs what differs.",
            "Ends with 0 when nothing differed, 1 when something did."
        },
        mixinStandardHelpOptions = true)
final class VerifyCommand implements Callable<Integer> {
    private static final String SUMMARY =
            "SELECT sidecar, relation, as_of, table_rows, index_rows, changing, different,"
                    + " repaired, rebuilding FROM annex.verify(?, ?, ?::interval)";

    @CommandLine.Mixin private final DatabaseOptions database = new DatabaseOptions();

    @CommandLine.Option(
            names = "--index",
            paramLabel = "NAME",
            description = "the index; all when left out")
    private @Nullable String index;

    @CommandLine.Option(names = "--no-repair", description = "only says what differs")
    private boolean keep;

    @CommandLine.Option(
            names = "--timeout",
            defaultValue = "1 hour",
            paramLabel = "INTERVAL",
            description = "for each index (${DEFAULT-VALUE})")
    private String timeout = "";

    @CommandLine.Spec private CommandLine.Model.@Nullable CommandSpec spec;

    @Override
    public Integer call() throws SQLException {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        boolean differs = false;
        try (Connection connection = database.connect()) {
            for (String each : index == null ? indexes(connection) : List.of(index)) {
                out.println(each);
                differs |= verify(connection, each, out);
                out.println();
            }
        }
        return differs ? 1 : CommandLine.ExitCode.OK;
    }

    private static List<String> indexes(Connection connection) throws SQLException {
        List<String> names = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows =
                        statement.executeQuery(
                                "SELECT index_name FROM annex.indexes ORDER BY index_name")) {
            while (rows.next()) {
                names.add(rows.getString(1));
            }
        }
        return names;
    }

    private boolean verify(Connection connection, String name, PrintWriter out)
            throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        SUMMARY, ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_READ_ONLY)) {
            statement.setString(1, name);
            statement.setBoolean(2, !keep);
            statement.setString(3, timeout);
            try (ResultSet rows = statement.executeQuery()) {
                boolean differs = false;
                while (rows.next()) {
                    differs |= rows.getLong("different") > 0;
                }
                rows.beforeFirst();
                PrintTable.print(rows, out);
                return differs;
            }
        }
    }
}
