package io.annexdb.sidecar;

import io.annexdb.sidecar.model.AnnexException;

import picocli.CommandLine;
import picocli.CommandLine.Command;

import java.util.ServiceLoader;

/** The {@code annex} command line. Other modules add subcommands as {@link AnnexSubcommand}s. */
@Command(
        name = "annex",
        description = "Vector search beside PostgreSQL.",
        mixinStandardHelpOptions = true,
        versionProvider = Annex.VersionLine.class,
        subcommands = {
            SidecarCommand.class,
            MigrateCommand.class,
            StatusCommand.class,
            VerifyCommand.class,
            CheckCommand.class
        })
public final class Annex implements Runnable {
    @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

    /** Made by {@link #main} and by picocli. */
    @SuppressWarnings("NullAway.Init")
    Annex() {}

    /**
     * Runs the command and ends the process with its exit code: 0, 1 for a failure, 2 for usage.
     */
    public static void main(String[] arguments) {
        System.exit(commandLine().execute(arguments));
    }

    static CommandLine commandLine() {
        CommandLine line = new CommandLine(new Annex());
        ServiceLoader.load(AnnexSubcommand.class).forEach(line::addSubcommand);
        line.setExecutionExceptionHandler(Annex::failed);
        return line;
    }

    @Override
    public void run() {
        spec.commandLine().usage(System.out);
    }

    /** People get the message and what to do; the trace is for those who ask for it. */
    private static int failed(
            Exception failure, CommandLine line, CommandLine.ParseResult arguments) {
        line.getErr().println("annex: " + failure.getMessage());
        if (failure instanceof AnnexException known) {
            known.hint().ifPresent(hint -> line.getErr().println(hint));
        }
        if (System.getenv("ANNEX_TRACE") != null || failure.getMessage() == null) {
            failure.printStackTrace(line.getErr());
        }
        return CommandLine.ExitCode.SOFTWARE;
    }

    /** What {@code --version} prints. */
    static final class VersionLine implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"annex " + Version.current()};
        }
    }
}
