package io.annexdb.benchmarks.server;

import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The sidecar as a process of its own, on this JVM's Java and class path, as in production it is a
 * process of its own beside PostgreSQL.
 */
final class SidecarProcess implements AutoCloseable {
    private static final String MAIN_CLASS = "io.annexdb.sidecar.Annex";
    private static final long STOP_SECONDS = 20;

    private final Process process;
    private final URI health;
    private final Path log;

    private SidecarProcess(Process process, URI health, Path log) {
        this.process = process;
        this.health = health;
        this.log = log;
    }

    /** Starts the process; {@link #awaitHealthy} tells when it serves. */
    static SidecarProcess start(Path configuration, int httpPort, Path log) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(jvmFlags());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), MAIN_CLASS));
        command.addAll(List.of("sidecar", "--config", configuration.toString()));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.redirectErrorStream(true);
        builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")));
        URI health = URI.create("http://localhost:" + httpPort + "/health");
        return new SidecarProcess(builder.start(), health, log);
    }

    /** The launcher says which; a JVM started by hand hands on its own. */
    private static List<String> jvmFlags() {
        String flags = System.getProperty("annex.jvm.flags");
        if (flags != null) {
            return List.of(flags.strip().split("\\s+"));
        }
        return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> !argument.startsWith("-agentlib"))
                .toList();
    }

    /** Waits until the sidecar answers on HTTP. */
    void awaitHealthy(Duration timeout) throws InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(health).timeout(Duration.ofSeconds(2)).build();
        long deadline = System.nanoTime() + timeout.toNanos();
        try (HttpClient client = HttpClient.newHttpClient()) {
            while (!answers(client, request)) {
                if (!process.isAlive()) {
                    throw new IllegalStateException(
                            "the sidecar ended with status "
                                    + process.exitValue()
                                    + ", see "
                                    + log
                                    + ": "
                                    + lastLine());
                }
                if (System.nanoTime() > deadline) {
                    throw new IllegalStateException(
                            "the sidecar did not answer within "
                                    + timeout.toSeconds()
                                    + " s; see "
                                    + log);
                }
                Thread.sleep(100);
            }
        }
    }

    private String lastLine() {
        try (Stream<String> lines = Files.lines(log)) {
            return lines.reduce("", (_, line) -> line);
        } catch (IOException e) {
            return "unreadable";
        }
    }

    private static boolean answers(HttpClient client, HttpRequest request)
            throws InterruptedException {
        try {
            return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
        } catch (IOException e) {
            return false;
        }
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Waits for the end of the process, however it comes. */
    int awaitEnd() throws InterruptedException {
        return process.waitFor();
    }

    long pid() {
        return process.pid();
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
