package io.annexdb.sidecar;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Command;

import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Objects;
import java.util.concurrent.Callable;

/** {@code annex status}. A database and a sidecar understand the same two statements. */
@Command(
        name = "status",
        description = "Prints the state of sidecars and indexes.",
        mixinStandardHelpOptions = true)
final class StatusCommand implements Callable<Integer> {
    @CommandLine.Mixin private final DatabaseOptions database = new DatabaseOptions();

    @CommandLine.Spec private CommandLine.Model.@Nullable CommandSpec spec;

    @Override
    public Integer call() throws SQLException {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            for (String table : new String[] {"sidecar_status", "index_status"}) {
                try (ResultSet rows = statement.executeQuery("SELECT * FROM annex." + table)) {
                    out.println(table);
                    PrintTable.print(rows, out);
                    out.println();
                }
            }
        }
        return CommandLine.ExitCode.OK;
    }
}
