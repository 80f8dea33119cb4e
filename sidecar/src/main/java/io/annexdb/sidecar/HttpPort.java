package io.annexdb.sidecar;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

import io.annexdb.sidecar.command.RenderDetail;
import io.annexdb.sidecar.query.NodeStatus;
import io.annexdb.sidecar.telemetry.Telemetry;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * What monitoring asks over HTTP, without credentials and without anything secret:
 *
 * <pre>
 *   /metrics  Prometheus text
 *   /health   200 while the process is alive
 *   /ready    200 when it streams, every shard is ready and warm, else 503; JSON with the reasons
 *   /status   the state as JSON
 *   /         the state as a page
 * </pre>
 */
final class HttpPort implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HttpPort.class);

    private final HttpServer server;
    private final ExecutorService threads;

    private HttpPort(HttpServer server, ExecutorService threads) {
        this.server = server;
        this.threads = threads;
    }

    private record Answer(int code, String type, String body) {}

    /**
     * Listens.
     *
     * @param obstacles why a sidecar in such a state is not ready
     */
    static HttpPort start(
            String host,
            int port,
            Telemetry telemetry,
            Supplier<NodeStatus> status,
            Function<NodeStatus, List<String>> obstacles)
            throws IOException {
        HttpServer server;
        try {
            server = HttpServer.create(new InetSocketAddress(host, port), 0);
        } catch (IOException e) {
            throw new IOException("cannot listen on " + host + ":" + port + ": " + e, e);
        }
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        server.setExecutor(threads);
        HttpPort http = new HttpPort(server, threads);
        http.page(
                "/metrics", () -> new Answer(200, "text/plain; version=0.0.4", telemetry.scrape()));
        http.page("/health", () -> new Answer(200, "text/plain", "alive\n"));
        http.page("/ready", () -> ready(obstacles.apply(status.get())));
        http.page(
                "/status",
                () -> new Answer(200, "application/json", RenderDetail.of(status.get())));
        http.page("/", () -> new Answer(200, "text/html", StatusPage.of(status.get())));
        server.start();
        LOG.info("metrics and status on http://{}:{}/", host, http.port());
        return http;
    }

    int port() {
        return server.getAddress().getPort();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }

    private static Answer ready(List<String> obstacles) {
        return new Answer(
                obstacles.isEmpty() ? 200 : 503,
                "application/json",
                RenderDetail.readiness(obstacles));
    }

    private void page(String path, Supplier<Answer> answer) {
        server.createContext(
                path,
                exchange -> {
                    try (exchange) {
                        send(exchange, answered(path, exchange, answer));
                    }
                });
    }

    private static Answer answered(String path, HttpExchange exchange, Supplier<Answer> answer) {
        String method = exchange.getRequestMethod();
        if (!method.equals("GET") && !method.equals("HEAD")) {
            return new Answer(405, "text/plain", "only GET\n");
        }
        if (!exchange.getRequestURI().getPath().equals(path)) {
            return new Answer(
                    404, "text/plain", "there are /, /metrics, /health, /ready, /status\n");
        }
        try {
            return answer.get();
        } catch (RuntimeException e) {
            LOG.error("{} failed", path, e);
            return new Answer(500, "text/plain", "internal error, see the log\n");
        }
    }

    private static void send(HttpExchange exchange, Answer answer) throws IOException {
        byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", answer.type() + "; charset=utf-8");
        boolean head = exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(answer.code(), head ? -1 : body.length);
        if (!head) {
            exchange.getResponseBody().write(body);
        }
    }
}
