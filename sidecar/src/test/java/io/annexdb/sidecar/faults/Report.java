package io.annexdb.sidecar.faults;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/**
 * What long runs have done so far, one line a step: time, fault, seed, how often it was inflicted,
 * seconds, what came of it. Runs append to it, and go on where the last one ended.
 */
final class Report {
    /** What the result of a step that failed begins with. */
    static final String FAILED = "FAILED: ";

    private final Path file;

    Report(Path file) {
        this.file = file;
    }

    /** How often the fault was inflicted and survived in all runs. */
    long done(String fault) throws IOException {
        return lines(fault).stream()
                .filter(words -> !words[5].startsWith(FAILED))
                .mapToLong(words -> Long.parseLong(words[3]))
                .sum();
    }

    /** Steps of the fault, also those that failed; each had a seed of its own. */
    int steps(String fault) throws IOException {
        return lines(fault).size();
    }

    void append(String fault, long seed, int count, long seconds, String result)
            throws IOException {
        Files.writeString(
                file,
                "%s\t%s\t%d\t%d\t%d\t%s%n"
                        .formatted(
                                Instant.now().truncatedTo(ChronoUnit.SECONDS),
                                fault,
                                seed,
                                count,
                                seconds,
                                result.replaceAll("\\s+", " ")),
                StandardOpenOption.CREATE,
                StandardOpenOption.APPEND);
    }

    private List<String[]> lines(String fault) throws IOException {
        if (!Files.exists(file)) {
            return List.of();
        }
        return Files.readAllLines(file).stream()
                .map(line -> line.split("\t", -1))
                .filter(words -> words.length == 6 && words[1].equals(fault))
                .toList();
    }
}
