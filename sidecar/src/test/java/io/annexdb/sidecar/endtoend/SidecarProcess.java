package io.annexdb.sidecar.endtoend;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A sidecar as a process of its own, so that a test can kill it. */
public final class SidecarProcess implements AutoCloseable {
    private static final Duration START_LIMIT = Duration.ofSeconds(60);

    private final Process process;
    private final Path log;
    private final int httpPort;

    private SidecarProcess(Process process, Path log, int httpPort) {
        this.process = process;
        this.log = log;
        this.httpPort = httpPort;
    }

    /**
     * Starts it and waits until it answers on its HTTP port.
     *
     * @param config the text of its configuration file
     */
    static SidecarProcess start(Path folder, String config, int httpPort)
            throws IOException, InterruptedException {
        SidecarProcess sidecar = launch(folder, config, httpPort, List.of("-Xmx512m"));
        sidecar.awaitHealth();
        return sidecar;
    }

    /**
     * Starts it and does not wait.
     *
     * @param flags more for its JVM, which win over those that all have
     */
    public static SidecarProcess launch(
            Path folder, String config, int httpPort, List<String> flags) throws IOException {
        Path file = folder.resolve("annex.yaml");
        Files.writeString(file, config);
        Path log = folder.resolve("sidecar.log");
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(
                List.of(
                        "-ea",
                        "--add-modules=jdk.incubator.vector",
                        "-Dannex.kernel.checked=true",
                        "--enable-native-access=ALL-UNNAMED"));
        command.addAll(flags);
        command.addAll(
                List.of(
                        "-cp",
                        System.getProperty("java.class.path"),
                        "io.annexdb.sidecar.Annex",
                        "sidecar",
                        "--config",
                        file.toString()));
        Process process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                        .start();
        return new SidecarProcess(process, log, httpPort);
    }

    /** kill -9: no shutdown hook runs, nothing is flushed. */
    public void kill() throws InterruptedException {
        process.destroyForcibly();
        process.waitFor();
    }

    /**
     * Waits until it has ended by itself.
     *
     * @return whether it did
     */
    public boolean awaitEnd(long millis) throws InterruptedException {
        return process.waitFor(millis, TimeUnit.MILLISECONDS);
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /** Its exit status, once it has ended. */
    public int status() {
        return process.exitValue();
    }

    /** Sends a signal by name, for example {@code STOP}. */
    public void signal(String name) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
    }

    /** What each of its threads does now, or why nobody can tell. */
    public String threads() throws IOException, InterruptedException {
        Process dump =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                                Long.toString(process.pid()),
                                "Thread.print")
                        .redirectErrorStream(true)
                        .start();
        String text = new String(dump.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        dump.waitFor();
        return text;
    }

    public String log() throws IOException {
        return Files.readString(log);
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    /** What {@code /metrics} says. */
    public String metrics() throws IOException, InterruptedException {
        HttpRequest request =
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + httpPort + "/metrics"))
                        .build();
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(request, HttpResponse.BodyHandlers.ofString()).body();
        }
    }

    /** Waits until it answers on its HTTP port. */
    public void awaitHealth() throws IOException, InterruptedException {
        long limit = System.nanoTime() + START_LIMIT.toNanos();
        HttpRequest request =
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + httpPort + "/health"))
                        .build();
        try (HttpClient client = HttpClient.newHttpClient()) {
            while (System.nanoTime() < limit) {
                if (!process.isAlive()) {
                    throw new AssertionError("the sidecar ended at start:\n" + log());
                }
                try {
                    if (client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode()
                            == 200) {
                        return;
                    }
                } catch (IOException e) {
                    // Not listening yet.
                }
                Thread.sleep(50);
            }
        }
        throw new AssertionError("the sidecar did not answer /health:\n" + log());
    }
}
