package io.annexdb.sidecar.index;

import io.annexdb.sidecar.hnsw.GraphFile;
import io.annexdb.sidecar.index.FileVerdict.Verdict;
import io.annexdb.sidecar.index.Manifest.DurableLog;
import io.annexdb.sidecar.ivfpq.ListsFile;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.segment.CheckpointHeader;
import io.annexdb.sidecar.segment.CodesFile;
import io.annexdb.sidecar.segment.LogReader;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Checks one shard's files against their checksums, against each other and the manifest. */
final class CheckShard {
    private final ShardFiles files;
    private final @Nullable DurableLog durable;
    private final List<FileVerdict> verdicts = new ArrayList<>();

    /** By number, what the log holds. */
    private final Map<Long, LogReader.Extent> extents = new HashMap<>();

    private final Map<Long, LogSummary> summaries = new HashMap<>();

    private CheckShard(ShardFiles files, @Nullable DurableLog durable) {
        this.files = files;
        this.durable = durable;
    }

    /** Reads a checkpoint from its beginning to its end. */
    private interface ReadAll {
        /** Returns what it holds, in words, given how many slots there are; 0 for unknown. */
        String read(Path path, int slots) throws IOException;
    }

    private interface ReadHeader {
        CheckpointHeader read(Path path) throws IOException;
    }

    static List<FileVerdict> run(ShardFiles files, @Nullable DurableLog durable) {
        return new CheckShard(files, durable).run();
    }

    private List<FileVerdict> run() {
        Map<Path, CheckpointHeader> headers = new TreeMap<>();
        files.graphs().forEach(path -> header(path, GraphFile::header, headers));
        header(files.codes(), CodesFile::header, headers);
        header(files.lists(), ListsFile::header, headers);
        Set<Long> places = new HashSet<>();
        headers.values().forEach(header -> places.add(header.position().bytes()));
        DurableLog named = durable;
        if (named != null) {
            places.add(named.bytes());
        }
        List<Long> numbers = files.logs();
        numbers.forEach(number -> log(number, places));
        if (named != null && !numbers.contains(named.number())) {
            add(files.log(named.number()), Verdict.MISSING, "the manifest names it");
        }
        headers.forEach((path, header) -> checkpoint(path, header, readerOf(path)));
        graph();
        return verdicts;
    }

    /**
     * Without a graph, or lists, an index has one that is made again, or is one that needs none.
     */
    private void graph() {
        if (Files.exists(files.graph()) || Files.exists(files.lists())) {
            return;
        }
        List<Path> older = files.graphs().stream().filter(Files::exists).toList();
        int rows = summaries.values().stream().mapToInt(LogSummary::rows).max().orElse(0);
        if (!older.isEmpty()) {
            add(
                    files.graph(),
                    Verdict.ABSENT,
                    older.getFirst().getFileName()
                            + " takes its place at the next start, and what that lacks is linked"
                            + " again");
        } else if (rows > 0) {
            add(
                    files.graph(),
                    Verdict.ABSENT,
                    "a graph or lists, if the index has any, are built again from its %,d rows"
                            .formatted(rows));
        }
    }

    private ReadAll readerOf(Path path) {
        if (path.equals(files.lists())) {
            return (file, slots) -> ListsFile.check(file, files::blocks);
        }
        return path.equals(files.codes())
                ? (file, slots) -> CodesFile.check(file)
                : GraphFile::check;
    }

    private void header(Path path, ReadHeader reader, Map<Path, CheckpointHeader> headers) {
        if (Files.exists(path)) {
            try {
                headers.put(path, reader.read(path));
            } catch (IOException e) {
                add(path, Verdict.DAMAGED, String.valueOf(e.getMessage()));
            }
        }
    }

    private void log(long number, Set<Long> places) {
        Path path = files.log(number);
        boolean isNamed = durable != null && durable.number() == number;
        try (LogReader reader = LogReader.open(path)) {
            LogReader.Extent extent = reader.measure(places, LogReader.NO_LIMIT);
            LogSummary summary = new LogSummary();
            reader.replay(extent.committedBytes(), summary);
            extents.put(number, extent);
            summaries.put(number, summary);
            String flaw = flaw(extent, summary, isNamed);
            String holds =
                    "%,d rows in %,d slots at %s, %,d bytes behind the last commit"
                            .formatted(
                                    summary.rows(),
                                    summary.slots(),
                                    extent.lsn(),
                                    extent.fileBytes() - extent.committedBytes());
            Verdict verdict = isNamed ? Verdict.GOOD : Verdict.UNUSED;
            add(
                    path,
                    flaw == null ? verdict : Verdict.DAMAGED,
                    flaw == null ? holds : flaw + "; " + holds);
        } catch (AnnexException e) {
            add(path, Verdict.DAMAGED, String.valueOf(e.getMessage()));
        }
    }

    private @Nullable String flaw(LogReader.Extent extent, LogSummary summary, boolean isNamed) {
        DurableLog named = durable;
        if (summary.oddities() > 0) {
            return summary.oddities() + " changes of rows that are not there, or of other vectors";
        }
        if (named == null || !isNamed) {
            return null;
        }
        if (!extent.loaded()) {
            return "its first copy was not finished";
        }
        if (extent.committedBytes() < named.bytes()) {
            return "good for %,d of the %,d bytes that were acknowledged"
                    .formatted(extent.committedBytes(), named.bytes());
        }
        return extent.agreesAt(named.position()) ? null : "not the log that was acknowledged";
    }

    private void checkpoint(Path path, CheckpointHeader header, ReadAll reader) {
        LogReader.Extent extent = extents.get(header.logNumber());
        LogSummary summary = summaries.get(header.logNumber());
        boolean fits =
                extent != null
                        && summary != null
                        && header.truncations() == summary.truncations()
                        && extent.agreesAt(header.position())
                        && header.slots() <= summary.slots();
        try {
            String holds = reader.read(path, fits && summary != null ? summary.slots() : 0);
            add(
                    path,
                    fits ? Verdict.GOOD : Verdict.UNUSED,
                    fits ? holds : "of other rows than log " + header.logNumber() + "; " + holds);
        } catch (IOException e) {
            add(path, Verdict.DAMAGED, String.valueOf(e.getMessage()));
        }
    }

    private void add(Path path, Verdict verdict, String detail) {
        verdicts.add(
                new FileVerdict(
                        files.directory().getFileName() + "/" + path.getFileName(),
                        verdict,
                        path.toFile().length(),
                        detail));
    }
}
