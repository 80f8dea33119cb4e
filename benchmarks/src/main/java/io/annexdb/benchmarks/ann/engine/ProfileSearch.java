package io.annexdb.benchmarks.ann.engine;

import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordingFile;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/** Searches under the JDK's flight recorder, and counts where the samples were taken. */
final class ProfileSearch {
    private static final String SAMPLES = "jdk.ExecutionSample";
    private static final int FRAMES = 25;

    private ProfileSearch() {}

    /** The methods with most samples on top of the stack: {@code frame.N = percent method:line}. */
    static Message run(SearchPass pass, Engine engine, SearchRequest request) throws IOException {
        Path file = Files.createTempFile("annex-bench", ".jfr");
        try {
            try (Recording recording = new Recording()) {
                recording.enable(SAMPLES).withPeriod(Duration.ofMillis(10));
                recording.start();
                pass.run(engine, request);
                recording.stop();
                recording.dump(file);
            }
            return summary(file);
        } finally {
            Files.deleteIfExists(file);
        }
    }

    private static Message summary(Path file) throws IOException {
        Map<String, Integer> counts = new HashMap<>();
        int samples = 0;
        try (RecordingFile recording = new RecordingFile(file)) {
            while (recording.hasMoreEvents()) {
                RecordedEvent event = recording.readEvent();
                if (event.getEventType().getName().equals(SAMPLES)
                        && event.getStackTrace() != null
                        && event.getThread("sampledThread").getJavaName().startsWith("search-")) {
                    counts.merge(owner(event), 1, Integer::sum);
                    samples++;
                }
            }
        }
        Message message = Message.of("profiled").with("samples", samples);
        int number = 0;
        for (Map.Entry<String, Integer> each :
                counts.entrySet().stream()
                        .sorted(Map.Entry.<String, Integer>comparingByValue().reversed())
                        .limit(FRAMES)
                        .toList()) {
            String line =
                    "%5.1f %%  %s".formatted(100.0 * each.getValue() / samples, each.getKey());
            message = message.with("frame." + number++, line);
        }
        return message;
    }

    /** The innermost method that is not the JDK's: what its own code spends there. */
    private static String owner(RecordedEvent event) {
        for (RecordedFrame frame : event.getStackTrace().getFrames()) {
            String type = frame.getMethod().getType().getName();
            if (!type.startsWith("java.") && !type.startsWith("jdk.")) {
                return simple(type)
                        + "."
                        + frame.getMethod().getName()
                        + ":"
                        + frame.getLineNumber();
            }
        }
        return "(the JDK itself)";
    }

    /** Without package, and without the address that the name of a hidden class ends with. */
    private static String simple(String type) {
        String name = type.replaceFirst("[./]0x[0-9a-f]+$", "");
        return name.substring(name.lastIndexOf('.') + 1);
    }
}
