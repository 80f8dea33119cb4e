package io.annexdb.benchmarks.ann;

import io.annexdb.benchmarks.copy.CopyBench;
import io.annexdb.benchmarks.kernel.KernelBench;
import io.annexdb.benchmarks.restart.RestartBench;
import io.annexdb.benchmarks.sql.BatchBench;
import io.annexdb.benchmarks.sql.SqlBench;
import io.annexdb.benchmarks.stream.StreamBench;
import io.annexdb.sidecar.AnnexSubcommand;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code annex bench}: the benchmarks, each a subcommand. */
@Command(
        name = "bench",
        description = "Benchmarks; each is a subcommand with its own --help.",
        mixinStandardHelpOptions = true,
        subcommands = {
            AnnBench.class,
            KernelBench.class,
            StreamBench.class,
            SqlBench.class,
            BatchBench.class,
            RestartBench.class,
            CopyBench.class
        })
public final class Bench implements AnnexSubcommand {
    @Spec private CommandSpec spec;

    /** Made by picocli, which fills in the options. */
    @SuppressWarnings("NullAway.Init")
    public Bench() {}

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(), "Say which benchmark is meant, for example: annex bench ann");
    }
}
