package io.annexdb.benchmarks.ann.engine;

import io.annexdb.benchmarks.progress.Progress;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import org.jspecify.annotations.Nullable;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The command's end of an engine's process. For one thread. */
public final class EngineProcess implements AutoCloseable {
    private static final int LOG_LINES = 15;
    private static final int QUIT_SECONDS = 60;

    private final EngineKind kind;
    private final String name;
    private final Process process;
    private final Path log;
    private final Path answers;
    private final PrintStream requests;
    private final BufferedReader replies;

    private EngineProcess(EngineKind kind, String name, Process process, Path log, Path answers) {
        this.kind = kind;
        this.name = name;
        this.process = process;
        this.log = log;
        this.answers = answers;
        this.requests = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
        this.replies = process.inputReader(StandardCharsets.UTF_8);
    }

    /**
     * Starts an engine.
     *
     * @param name for messages and files; one of its kind in a run
     * @param command program and arguments
     * @param folder for its answers; exists
     * @param log what it writes besides; outlives the run, so that a failure can be looked into
     */
    static EngineProcess start(
            EngineKind kind, String name, List<String> command, Path folder, Path log)
            throws IOException {
        Process process = new ProcessBuilder(command).redirectError(log.toFile()).start();
        EngineProcess engine =
                new EngineProcess(
                        kind,
                        name,
                        process,
                        log,
                        folder.resolve(name.replace(':', '-') + ".answers"));
        engine.receive("ready");
        return engine;
    }

    public EngineKind kind() {
        return kind;
    }

    /** Builds the index, with a progress bar. */
    public Built build(BuildRequest request) throws IOException {
        double cpuBefore = cpuSeconds();
        requests.println(request.encode().encode());
        Message built = receive("built");
        return new Built(
                built.decimal("seconds"),
                cpuSeconds() - cpuBefore,
                built.wide("bytes"),
                residentMemory(),
                built.all(Message.PARAMETER));
    }

    private double cpuSeconds() {
        return process.info().totalCpuDuration().orElse(Duration.ZERO).toMillis() / 1000.0;
    }

    /** Loads the queries that are asked from now on. */
    public void load(Path queries) throws IOException {
        requests.println(Message.of("queries").with("path", queries).encode());
        receive("loaded");
    }

    /** Replaces every row with the vector of another one, and looks for all of them afterwards. */
    public Churned churn(ChurnRequest request) throws IOException {
        requests.println(request.encode().encode());
        return Churned.decode(receive("churned"));
    }

    /** Measures once. */
    public Answers search(SearchRequest request) throws IOException {
        requests.println(request.encode().with("answers", answers).encode());
        Message searched = receive("searched");
        return AnswersFile.read(
                answers,
                searched.decimal("seconds"),
                kind.isServer() ? Double.NaN : searched.decimal("cpu_seconds"),
                searched.decimal("written_per_second"));
    }

    /** The methods that searches spend their time in, most first; Java engines only. */
    public Collection<String> profile(SearchRequest request) throws IOException {
        Message asked = request.encode();
        requests.println(new Message("profile", asked.fields()).encode());
        return receive("profiled").all("frame.").values();
    }

    /** Memory of the process now; zeros when the engine is a server of its own. */
    public ResidentMemory residentMemory() {
        return kind.isServer() ? new ResidentMemory(0, 0) : ResidentMemory.of(process.pid());
    }

    private Message receive(String expected) throws IOException {
        BuildBar bar = new BuildBar();
        try {
            while (true) {
                Message message = Message.decode(readLine());
                if (message.verb().equals(expected)) {
                    return message;
                }
                switch (message.verb()) {
                    case "progress" -> bar.show(message);
                    case "failed" -> throw failed(message.text("message"), message.text("hint"));
                    default -> throw failed("unexpected answer: " + message.encode(), "");
                }
            }
        } finally {
            bar.close();
        }
    }

    private String readLine() throws IOException {
        String line = replies.readLine();
        while (line != null && !line.startsWith(Message.MARK)) {
            line = replies.readLine();
        }
        if (line == null) {
            throw failed("its process ended" + endOfLog(), "");
        }
        return line.substring(Message.MARK.length());
    }

    private String endOfLog() throws IOException {
        List<String> lines = Files.readAllLines(log);
        List<String> end = lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size());
        return end.isEmpty() ? "" : ", after writing\n" + String.join("\n", end);
    }

    private AnnexException failed(String message, String hint) {
        return new AnnexException(
                ErrorCode.INTERNAL_ERROR,
                name + ": " + message,
                hint.isEmpty() ? "See " + log + ", or leave the engine out of --engines." : hint);
    }

    @Override
    public void close() {
        requests.println("quit");
        requests.close();
        try {
            if (!process.waitFor(QUIT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    /**
     * A finished index.
     *
     * @param seconds from the first row to the complete index
     * @param cpuSeconds processor time of the process meanwhile, with compiler and collector
     * @param bytes what a search needs in memory or mapped files
     * @param memory of its process when the index was complete
     * @param parameters how the engine is set
     */
    public record Built(
            double seconds,
            double cpuSeconds,
            long bytes,
            ResidentMemory memory,
            Map<String, String> parameters) {}

    /** One bar for each task of a build. */
    private final class BuildBar {
        private final List<String> tasks = new ArrayList<>();
        private @Nullable Progress progress;

        void show(Message message) {
            String task = "Build " + name + ": " + message.text("task");
            long total = message.wide("total");
            if (progress == null || !tasks.getLast().equals(task)) {
                close();
                tasks.add(task);
                progress = Progress.start(task, total);
            }
            progress.advanceTo(message.wide("done"), total);
        }

        void close() {
            if (progress != null) {
                progress.close();
                progress = null;
            }
        }
    }
}
