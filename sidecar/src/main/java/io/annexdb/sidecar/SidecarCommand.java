package io.annexdb.sidecar;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;

import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

import picocli.CommandLine;
import picocli.CommandLine.Command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;

/** {@code annex sidecar}: runs until it is told to stop, then ends with 0. */
@Command(
        name = "sidecar",
        description = "Runs the index server beside a PostgreSQL worker.",
        mixinStandardHelpOptions = true)
final class SidecarCommand implements Callable<Integer> {
    @CommandLine.Option(
            names = "--config",
            paramLabel = "FILE",
            description = "YAML file of the options below; environment variables go over it")
    private @Nullable Path file;

    @CommandLine.Spec
    void listOptions(CommandLine.Model.CommandSpec spec) {
        spec.usageMessage().footer(OptionHelp.lines());
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Config config = ReadConfig.read(file, System.getenv());
        ((Logger) LoggerFactory.getLogger("io.annexdb"))
                .setLevel(Level.toLevel(config.text(Option.LOG_LEVEL)));
        Sidecar sidecar = Sidecar.start(config);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(sidecar), "annex-stop"));
        new CountDownLatch(1).await();
        return CommandLine.ExitCode.OK;
    }

    /** A stop that was asked for is a success; the JVM would report the signal instead. */
    private static void stop(Sidecar sidecar) {
        sidecar.close();
        Runtime.getRuntime().halt(CommandLine.ExitCode.OK);
    }
}
