package io.annexdb.benchmarks.ann.engine;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Compiles the driver of hnswlib, once for each version of its source: {@code g++ -O3
 * -march=native}, as ann-benchmarks does.
 */
public final class CompileHnswlib {
    /** What the compiler is called with, besides the files. */
    public static final List<String> FLAGS =
            List.of("-O3", "-march=native", "-std=c++17", "-DNDEBUG", "-pthread");

    private static final String SOURCE = "hnswlib_driver.cpp";
    private static final List<Path> HEADERS =
            List.of(
                    Path.of("/usr/include/hnswlib/hnswlib.h"),
                    Path.of("/usr/local/include/hnswlib/hnswlib.h"));

    private CompileHnswlib() {}

    /** What is missing to run hnswlib here; empty when nothing is. */
    public static Optional<String> missing() {
        if (compiler().isEmpty()) {
            return Optional.of("there is no g++ on the PATH (Debian: apt install g++)");
        }
        if (HEADERS.stream().noneMatch(Files::isRegularFile)) {
            return Optional.of(
                    "its headers are not installed (Debian: apt install libhnswlib-dev)");
        }
        return Optional.empty();
    }

    /** The compiled driver. */
    static Path run(Path cache) throws IOException {
        String source = source();
        Path folder =
                cache.resolve("ann").resolve("hnswlib-" + Integer.toHexString(source.hashCode()));
        Path driver = folder.resolve("driver");
        if (!Files.isExecutable(driver)) {
            Files.createDirectories(folder);
            Path file = Files.writeString(folder.resolve(SOURCE), source);
            compile(file, driver);
        }
        return driver;
    }

    private static void compile(Path source, Path driver) throws IOException {
        String compiler = compiler().map(Path::toString).orElse("g++");
        Process process =
                new ProcessBuilder(
                                Stream.of(
                                                List.of(compiler),
                                                FLAGS,
                                                List.of("-o", driver.toString(), source.toString()))
                                        .flatMap(List::stream)
                                        .toList())
                        .redirectErrorStream(true)
                        .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.onExit().join().exitValue() != 0) {
            throw new AnnexException(
                    ErrorCode.CONFIGURATION,
                    "the driver of hnswlib does not compile:\n" + output,
                    "It is written for hnswlib 0.6 to 0.8; leave hnswlib out of --engines.");
        }
    }

    private static Optional<Path> compiler() {
        String path = System.getenv().getOrDefault("PATH", "");
        return Arrays.stream(path.split(java.io.File.pathSeparator))
                .filter(folder -> !folder.isBlank())
                .map(folder -> Path.of(folder, "g++"))
                .filter(Files::isExecutable)
                .findFirst();
    }

    private static String source() throws IOException {
        try (InputStream in = CompileHnswlib.class.getResourceAsStream(SOURCE)) {
            if (in == null) {
                throw new IllegalStateException(SOURCE + " is not on the class path");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
