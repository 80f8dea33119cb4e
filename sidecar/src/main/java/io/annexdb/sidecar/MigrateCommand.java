package io.annexdb.sidecar;

import io.annexdb.migrations.AnnexMigrations;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Command;

import java.io.PrintWriter;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;

/** {@code annex migrate}. */
@Command(
        name = "migrate",
        description = "Installs Annex in a database, or brings it up to date.",
        mixinStandardHelpOptions = true)
final class MigrateCommand implements Callable<Integer> {
    @CommandLine.Mixin private final DatabaseOptions database = new DatabaseOptions();

    @CommandLine.Option(
            names = "--shards",
            paramLabel = "COUNT",
            description = "on Citus: shards of each distributed table; default 12")
    private @Nullable Integer shards;

    @CommandLine.Spec private CommandLine.Model.@Nullable CommandSpec spec;

    @Override
    public Integer call() {
        Map<String, String> placeholders = new HashMap<>();
        if (shards != null) {
            placeholders.put("shardCount", shards.toString());
        }
        int executed =
                AnnexMigrations.migrate(
                        database.url(), database.user(), database.password(), placeholders);
        if (spec != null) {
            PrintWriter out = spec.commandLine().getOut();
            out.println(
                    executed == 0 ? "already up to date" : "ran " + executed + " migration files");
        }
        return CommandLine.ExitCode.OK;
    }
}
