package io.annexdb.sidecar.tidy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.FormatterException;
import com.google.googlejavaformat.java.JavaFormatterOptions;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The house rules that a machine can check, over every module of the project.
 *
 * <p>{@code ./mvnw test -pl sidecar -am -Dtest=TidyTest -Dannex.format=apply} formats the sources
 * in place.
 */
class TidyTest {
    private static final int FILE_LINES_MAX = 500;

    private static final Formatter FORMATTER =
            new Formatter(
                    JavaFormatterOptions.builder().style(JavaFormatterOptions.Style.AOSP).build());

    /** What is banned in Java and SQL sources, and what to do instead. */
    private static final Map<Pattern, String> BANNED =
            Map.of(
                    Pattern.compile("\\b(TO" + "DO|FIX" + "ME|XX" + "X\\b)"),
                    "finish it, or write it down in docs/",
                    Pattern.compile("@Dis" + "abled"),
                    "repair the test, or skip it by an assumption that says why",
                    Pattern.compile("System\\.(out|err)\\.print.*DEBUG"),
                    "use the logger",
                    Pattern.compile("\\bclass \\w*(Util|Utils|Helper|Manager|Impl)\\b"),
                    "name the class by what it does");

    @Test
    void everyJavaFileIsFormatted() throws IOException, FormatterException {
        boolean apply = "apply".equals(System.getProperty("annex.format"));
        List<String> unformatted = new ArrayList<>();
        for (Path file : sources(".java")) {
            String text = Files.readString(file);
            String formatted = FORMATTER.formatSourceAndFixImports(text);
            if (!formatted.equals(text)) {
                if (apply) {
                    Files.writeString(file, formatted);
                } else {
                    unformatted.add(file.toString());
                }
            }
        }
        assertEquals(
                List.of(),
                unformatted,
                "not in google-java-format's AOSP style; -Dtest=TidyTest -Dannex.format=apply"
                        + " formats them");
    }

    @Test
    void everyPackageIsDocumented() throws IOException {
        List<Path> undocumented =
                sources(".java").stream()
                        .map(Path::getParent)
                        .distinct()
                        .filter(folder -> !isDocumented(folder))
                        .toList();
        assertEquals(
                List.of(),
                undocumented,
                "add a package-info.java with @NullMarked and three sentences: what it does, who"
                        + " calls it, what it may import");
    }

    @Test
    void nothingBannedIsWritten() throws IOException {
        List<String> found = new ArrayList<>();
        List<Path> files = new ArrayList<>(sources(".java"));
        files.addAll(sources(".sql"));
        for (Path file : files) {
            String text = Files.readString(file);
            BANNED.forEach((pattern, remedy) -> {
                Matcher matcher = pattern.matcher(text);
                if (matcher.find()) {
                    found.add(file + ": '" + matcher.group() + "': " + remedy);
                }
            });
        }
        assertEquals(List.of(), found);
    }

    @Test
    void noFileIsTooLongToRead() throws IOException {
        List<String> tooLong = new ArrayList<>();
        for (Path file : sources(".java")) {
            long lines = Files.readString(file).lines().count();
            if (lines > FILE_LINES_MAX) {
                tooLong.add(file + ": " + lines + " lines");
            }
        }
        assertEquals(
                List.of(),
                tooLong,
                "over " + FILE_LINES_MAX + " lines: split it by operation, one verb a file");
    }

    @Test
    void theWalkSeesTheProject() throws IOException {
        assertTrue(sources(".java").size() > 50, "the walk found too few Java files");
        assertTrue(sources(".sql").size() > 5, "the walk found too few SQL files");
    }

    private static boolean isDocumented(Path folder) {
        Path info = folder.resolve("package-info.java");
        try {
            return (Files.exists(info) && Files.readString(info).contains("@NullMarked"))
                    || isDocumentedInMain(folder);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** Tests of a package share the package-info of its main sources. */
    private static boolean isDocumentedInMain(Path folder) {
        String main = folder.toString().replace("/src/test/java/", "/src/main/java/");
        return !main.equals(folder.toString())
                && Files.exists(Path.of(main).resolve("package-info.java"));
    }

    private static List<Path> sources(String suffix) throws IOException {
        Path project = Path.of("..").toRealPath();
        try (Stream<Path> files = Files.walk(project)) {
            return files.filter(file -> file.toString().endsWith(suffix))
                    .filter(file -> !project.relativize(file).toString().contains("target/"))
                    .sorted()
                    .toList();
        }
    }
}
