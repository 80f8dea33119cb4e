package io.annexdb.sidecar;

import io.annexdb.sidecar.index.CheckFiles;
import io.annexdb.sidecar.index.FileVerdict;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Command;

import tools.jackson.databind.json.JsonMapper;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;

/** {@code annex check}: ends with 0 when a restart would find every file whole, else with 1. */
@Command(
        name = "check",
        description = "Checks the data directory of a stopped sidecar.",
        mixinStandardHelpOptions = true)
final class CheckCommand implements Callable<Integer> {
    @CommandLine.Parameters(paramLabel = "DIRECTORY", description = "its data-directory")
    private @Nullable Path directory;

    @CommandLine.Option(names = "--json", description = "print one JSON object")
    private boolean json;

    @CommandLine.Spec private CommandLine.Model.@Nullable CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        List<FileVerdict> verdicts = CheckFiles.run(Objects.requireNonNull(directory));
        boolean isWhole = verdicts.stream().noneMatch(FileVerdict::isBad);
        if (json) {
            out.println(render(verdicts, isWhole));
        } else {
            print(verdicts, out);
            out.println(
                    isWhole
                            ? "All files are whole."
                            : "What is lost comes from the tables when the sidecar starts.");
        }
        out.flush();
        return isWhole ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
    }

    private static void print(List<FileVerdict> verdicts, PrintWriter out) {
        List<List<String>> lines = new ArrayList<>();
        lines.add(List.of("file", "verdict", "bytes", "detail"));
        for (FileVerdict each : verdicts) {
            lines.add(List.of(each.file(), word(each), Long.toString(each.bytes()), each.detail()));
        }
        PrintTable.print(lines, out);
    }

    private static String render(List<FileVerdict> verdicts, boolean isWhole) {
        List<Map<String, Object>> files = new ArrayList<>();
        for (FileVerdict each : verdicts) {
            Map<String, Object> file = new LinkedHashMap<>();
            file.put("file", each.file());
            file.put("verdict", word(each));
            file.put("bytes", each.bytes());
            file.put("detail", each.detail());
            files.add(file);
        }
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("whole", isWhole);
        all.put("files", files);
        return JsonMapper.builder().build().writeValueAsString(all);
    }

    private static String word(FileVerdict file) {
        return file.verdict().name().toLowerCase(Locale.ROOT);
    }
}
