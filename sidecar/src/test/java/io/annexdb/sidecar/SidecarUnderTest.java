package io.annexdb.sidecar;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A whole sidecar in this process, configured as it would be by its environment. */
public final class SidecarUnderTest implements AutoCloseable {
    public static final String SECRET = "the secret of the tests";

    private final Sidecar sidecar;

    private SidecarUnderTest(Sidecar sidecar) {
        this.sidecar = sidecar;
    }

    /**
     * Starts one.
     *
     * @param port for the PostgreSQL protocol, 0 for a free one
     */
    public static SidecarUnderTest start(
            String name, String databaseUrl, String databaseUser, Path directory, int port) {
        return start(name, databaseUrl, databaseUser, directory, port, Map.of());
    }

    /** As the other, with more of the environment. */
    public static SidecarUnderTest start(
            String name,
            String databaseUrl,
            String databaseUser,
            Path directory,
            int port,
            Map<String, String> more) {
        Map<String, String> environment = new HashMap<>(more);
        environment.putIfAbsent("ANNEX_WARM_UP_MILLIS", "0");
        environment.put("ANNEX_NAME", name);
        environment.put("ANNEX_DATABASE_URL", databaseUrl);
        environment.put("ANNEX_DATABASE_USER", databaseUser);
        environment.put("ANNEX_DATA_DIRECTORY", directory.toString());
        environment.put("ANNEX_LISTEN_PORT", Integer.toString(port));
        environment.put("ANNEX_HTTP_PORT", "0");
        environment.put("ANNEX_SECRET", SECRET);
        environment.put("ANNEX_AUDIT_INTERVAL_MILLIS", "100");
        try {
            return new SidecarUnderTest(Sidecar.start(ReadConfig.read(null, environment)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs a command as the command line would; returns its exit code. */
    public static int command(List<String> words) {
        return Annex.commandLine()
                .setOut(new PrintWriter(System.out, true, StandardCharsets.UTF_8))
                .execute(words.toArray(String[]::new));
    }

    public int port() {
        return sidecar.port();
    }

    /** Requests of this operation (search, rank, status) answered so far, by its own metrics. */
    public long answered(String operation) {
        return metrics()
                .lines()
                .filter(line -> line.startsWith("annex_requests_seconds_count"))
                .filter(line -> line.contains("operation=\"" + operation + "\""))
                .filter(line -> line.contains("status=\"ok\""))
                .mapToLong(line -> (long) Double.parseDouble(line.substring(line.lastIndexOf(' '))))
                .sum();
    }

    /** A counter or gauge of its own metrics. */
    public long counted(String name) {
        return metrics()
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToLong(line -> (long) Double.parseDouble(line.substring(line.lastIndexOf(' '))))
                .sum();
    }

    /** What {@code /ready} says. */
    public String ready() {
        return get("/ready");
    }

    private String metrics() {
        return get("/metrics");
    }

    private String get(String path) {
        URI uri = URI.create("http://127.0.0.1:" + sidecar.httpPort() + path);
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(
                            HttpRequest.newBuilder(uri).build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        sidecar.close();
    }
}
