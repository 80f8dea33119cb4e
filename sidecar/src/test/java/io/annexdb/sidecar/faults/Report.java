package io.annexdb.sidecar.faults;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.stream.LongStream;

/**
 * What long runs have done so far, one line a step: time, fault, seed, how often it was inflicted,
 * seconds, what came of it. Runs append to it, also beside each other, and go on where the last one
 * ended.
 */
final class Report {
    /** What the result of a step that failed begins with. */
    static final String FAILED = "FAILED: ";

    private static final long FIRST_SEED = 1_000;

    /** Of a longer result so many characters are kept of the beginning and of the end. */
    private static final int RESULT_ENDS = 1_000;

    private final Path file;

    /** What a line says of a step. */
    private record Line(String fault, long seed, long count, boolean failed) {
        static Line of(String[] words) {
            return new Line(
                    words[1],
                    Long.parseLong(words[2]),
                    Long.parseLong(words[3]),
                    words[5].startsWith(FAILED));
        }
    }

    Report(Path file) {
        this.file = file;
    }

    /** How often the fault was inflicted and survived in all runs. */
    long done(String fault) throws IOException {
        return lines(fault).stream().filter(line -> !line.failed).mapToLong(Line::count).sum();
    }

    /** The same with the steps that failed. */
    long tried(String fault) throws IOException {
        return lines(fault).stream().mapToLong(Line::count).sum();
    }

    /** Steps of the fault, also those that failed. */
    int steps(String fault) throws IOException {
        return lines(fault).size();
    }

    /** Behind all seeds of the fault. */
    long nextSeed(String fault) throws IOException {
        return seeds(fault).max().orElse(FIRST_SEED - 1) + 1;
    }

    /** Whether a step of the fault had this seed. */
    boolean has(String fault, long seed) throws IOException {
        return seeds(fault).anyMatch(each -> each == seed);
    }

    /** What all runs have come to, as a line for people. */
    String total(String fault, long goal) throws IOException {
        List<Line> lines = lines(fault);
        String total = String.format(Locale.ROOT, "%,12d of %,12d %s", done(fault), goal, fault);
        if (lines.isEmpty()) {
            return total;
        }
        long failed = lines.stream().filter(Line::failed).count();
        return "%s: %d steps, %d failed, seeds %d to %d"
                .formatted(
                        total,
                        lines.size(),
                        failed,
                        seeds(fault).min().orElseThrow(),
                        nextSeed(fault) - 1);
    }

    /** At once, for other runs may append, too. */
    void append(String fault, long seed, long count, long seconds, String result)
            throws IOException {
        String line =
                "%s\t%s\t%d\t%d\t%d\t%s%n"
                        .formatted(
                                Instant.now().truncatedTo(ChronoUnit.SECONDS),
                                fault,
                                seed,
                                count,
                                seconds,
                                shortened(result.replaceAll("\\s+", " ")));
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            channel.write(ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8)));
        }
    }

    private static String shortened(String result) {
        int length = result.length();
        return length <= 2 * RESULT_ENDS
                ? result
                : result.substring(0, RESULT_ENDS)
                        + " ... "
                        + result.substring(length - RESULT_ENDS);
    }

    private LongStream seeds(String fault) throws IOException {
        return lines(fault).stream().mapToLong(Line::seed);
    }

    private List<Line> lines(String fault) throws IOException {
        if (!Files.exists(file)) {
            return List.of();
        }
        return Files.readAllLines(file).stream()
                .map(line -> line.split("\t", -1))
                .filter(words -> words.length == 6 && words[1].equals(fault))
                .map(Line::of)
                .toList();
    }
}
