package io.annexdb.benchmarks.ann.engine;

import io.annexdb.benchmarks.ann.dataset.VectorFile;
import io.annexdb.sidecar.model.AnnexException;

import org.jspecify.annotations.Nullable;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** The process of a Java engine: carries out what its standard input says, until it ends. */
public final class EngineHost {
    private final Engine engine;
    private final PrintStream out;
    private @Nullable SearchPass pass;

    EngineHost(Engine engine, PrintStream out) {
        this.engine = engine;
        this.out = out;
    }

    /**
     * Runs an engine.
     *
     * @param arguments its name
     */
    public static void main(String[] arguments) throws IOException {
        PrintStream out = System.out;
        System.setOut(System.err); // what a library prints must not stand between the answers
        try (Engine engine = create(EngineKind.ofName(arguments[0]))) {
            new EngineHost(engine, out).serve(System.in);
        }
    }

    static Engine create(EngineKind kind) {
        return switch (kind) {
            case ANNEX -> new AnnexEngine();
            case LUCENE -> new LuceneEngine();
            case JVECTOR -> new JVectorEngine();
            case HNSWLIB ->
                    throw new IllegalArgumentException("hnswlib has a driver of its own, in C++");
        };
    }

    void serve(InputStream in) throws IOException {
        BufferedReader lines =
                new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
        send(Message.of("ready"));
        String line = lines.readLine();
        while (line != null && !line.equals("quit")) {
            send(answer(Message.decode(line)));
            line = lines.readLine();
        }
    }

    @SuppressWarnings("CatchAndPrintStackTrace") // for the log of this process
    private Message answer(Message request) {
        try {
            return switch (request.verb()) {
                case "build" -> build(BuildRequest.decode(request));
                case "queries" -> load(request);
                case "search" -> search(request);
                case "profile" -> profile(request);
                default -> throw new IllegalArgumentException("unknown: " + request.encode());
            };
        } catch (AnnexException e) {
            e.printStackTrace();
            return Message.of("failed")
                    .with("message", String.valueOf(e.getMessage()))
                    .with("hint", e.hint().orElse(""));
        } catch (IOException | RuntimeException | LinkageError | OutOfMemoryError e) {
            e.printStackTrace();
            return Message.of("failed").with("message", e).with("hint", "");
        }
    }

    private Message build(BuildRequest request) throws IOException {
        long started = System.nanoTime();
        try (VectorFile base = VectorFile.open(request.base())) {
            engine.build(base, request, new ProgressMessages(this::send));
        }
        double seconds = (System.nanoTime() - started) / 1e9;
        return Message.of("built")
                .with("seconds", seconds)
                .with("bytes", engine.bytes())
                .withAll(Message.PARAMETER, engine.parameters());
    }

    private Message load(Message request) throws IOException {
        try (VectorFile queries = VectorFile.open(request.path("path"))) {
            pass = new SearchPass(queries);
        }
        return Message.of("loaded");
    }

    private Message search(Message request) throws IOException {
        SearchRequest search = SearchRequest.decode(request);
        SearchPass.PassResult result = loaded().run(engine, search);
        AnswersFile.write(request.path("answers"), search.k(), result.rows(), result.nanos());
        return Message.of("searched")
                .with("seconds", result.seconds())
                .with("cpu_seconds", result.cpuSeconds());
    }

    private Message profile(Message request) throws IOException {
        return ProfileSearch.run(loaded(), engine, SearchRequest.decode(request));
    }

    private SearchPass loaded() {
        if (pass == null) {
            throw new IllegalStateException("no queries loaded");
        }
        return pass;
    }

    private void send(Message message) {
        synchronized (out) {
            out.print(Message.MARK + message.encode() + "\n");
            out.flush();
        }
    }

    /** At most five messages a second, and one for each new task. */
    private static final class ProgressMessages implements Engine.BuildProgress {
        private static final long EVERY_NANOS = 200_000_000;

        private final java.util.function.Consumer<Message> send;
        private volatile long nextNanos = System.nanoTime();
        private volatile String task = "";

        ProgressMessages(java.util.function.Consumer<Message> send) {
            this.send = send;
        }

        @Override
        public void at(String newTask, long done, long total) {
            long now = System.nanoTime();
            if (now - nextNanos >= 0 || done == total || !newTask.equals(task)) {
                nextNanos = now + EVERY_NANOS;
                task = newTask;
                send.accept(
                        Message.of("progress")
                                .with("task", newTask.toLowerCase(Locale.ROOT))
                                .with("done", done)
                                .with("total", total));
            }
        }
    }
}
