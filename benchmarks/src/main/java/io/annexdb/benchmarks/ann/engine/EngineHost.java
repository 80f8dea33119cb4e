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
import java.nio.file.Path;

/** The process of a Java engine: carries out what its standard input says, until it ends. */
public final class EngineHost {
    private final Engine engine;
    private final PrintStream out;
    private @Nullable SearchPass pass;
    private @Nullable Path base;
    private Content content = new Content(0);

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
            case PGVECTOR -> new PgvectorEngine();
            case ANNEX_SQL -> new AnnexSqlEngine();
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
                case "churn" -> churn(ChurnRequest.decode(request));
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
        try (VectorFile vectors = VectorFile.open(request.base())) {
            base = vectors.path();
            content = new Content(vectors.rows());
            engine.build(vectors, request, new ProgressMessages(this::send));
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
        SearchPass.PassResult result;
        double writtenPerSecond = 0;
        if (search.writerRowsPerSecond() == 0) {
            result = loaded().run(engine, search);
        } else {
            try (VectorFile vectors = VectorFile.open(basePath());
                    RunWriter writer =
                            new RunWriter(live(), vectors, content, search.writerRowsPerSecond())) {
                writer.start();
                long before = writer.written();
                result = loaded().run(engine, search);
                writtenPerSecond = (writer.written() - before) / result.seconds();
            }
        }
        content.translate(result.rows());
        AnswersFile.write(request.path("answers"), search.k(), result.rows(), result.nanos());
        return Message.of("searched")
                .with("seconds", result.seconds())
                .with("cpu_seconds", result.cpuSeconds())
                .with("written_per_second", writtenPerSecond);
    }

    private Message churn(ChurnRequest request) throws IOException {
        return ChurnRows.run(
                        engine,
                        live(),
                        basePath(),
                        content,
                        request,
                        new ProgressMessages(this::send))
                .encode();
    }

    private Message profile(Message request) throws IOException {
        return ProfileSearch.run(loaded(), engine, SearchRequest.decode(request));
    }

    private LiveRows live() {
        return engine.live()
                .orElseThrow(() -> new IllegalStateException("rows of this engine do not change"));
    }

    private Path basePath() {
        if (base == null) {
            throw new IllegalStateException("the index is not built");
        }
        return base;
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
}
