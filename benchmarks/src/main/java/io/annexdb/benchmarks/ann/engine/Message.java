package io.annexdb.benchmarks.ann.engine;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One line between the command and an engine's process: {@code verb TAB name=value TAB ...}. Values
 * hold no tabs and no line breaks. An engine's lines begin with {@link #MARK}; whatever else its
 * process prints, for example a JVM its threads when asked by a signal, is no message.
 *
 * <pre>
 * command → engine   build     base directory metric method quantization m ef_construction
 *                              threads selectivity by_namespace
 *                    queries   path
 *                    search    ef k threads min_millis writer_rows_per_second answers
 *                    churn     base times seed threads
 *                    profile   as search
 *                    quit
 * engine → command   progress  task done total      (any number, before the answer)
 *                    ready     param.NAME...        (once, at start)
 *                    built     seconds bytes param.NAME...
 *                    loaded
 *                    searched  seconds cpu_seconds written_per_second
 *                    churned   seconds replaced not_found not_found_by_wide_search
 *                              before.NAME... after.NAME...
 *                    profiled  frame.N...
 *                    failed    message hint
 * </pre>
 *
 * @param verb what to do, or what has happened
 * @param fields its values by name, in order
 */
public record Message(String verb, Map<String, String> fields) {
    /** Prefix of the fields that tell how the engine is set. */
    static final String PARAMETER = "param.";

    /** Begins every line of an engine. */
    static final String MARK = "> ";

    public Message {
        fields = new LinkedHashMap<>(fields);
    }

    static Message of(String verb) {
        return new Message(verb, Map.of());
    }

    Message with(String name, Object value) {
        Message copy = new Message(verb, fields);
        copy.fields.put(name, value.toString().replaceAll("[\t\r\n]+", " "));
        return copy;
    }

    Message withAll(String prefix, Map<String, String> values) {
        Message copy = this;
        for (Map.Entry<String, String> value : values.entrySet()) {
            copy = copy.with(prefix + value.getKey(), value.getValue());
        }
        return copy;
    }

    /** Fields whose name begins with the prefix, without it. */
    Map<String, String> all(String prefix) {
        Map<String, String> found = new LinkedHashMap<>();
        fields.forEach((name, value) -> {
            if (name.startsWith(prefix)) {
                found.put(name.substring(prefix.length()), value);
            }
        });
        return found;
    }

    String text(String name) {
        String value = fields.get(name);
        if (value == null) {
            throw new IllegalArgumentException(
                    "\"" + verb + "\" came without \"" + name + "\", only with " + fields.keySet());
        }
        return value;
    }

    int integer(String name) {
        return Integer.parseInt(text(name));
    }

    long wide(String name) {
        return Long.parseLong(text(name));
    }

    double decimal(String name) {
        return Double.parseDouble(text(name));
    }

    Path path(String name) {
        return Path.of(text(name));
    }

    String encode() {
        StringBuilder line = new StringBuilder(verb);
        fields.forEach((name, value) -> line.append('\t').append(name).append('=').append(value));
        return line.toString();
    }

    static Message decode(String line) {
        String[] parts = line.split("\t", -1);
        Message message = Message.of(parts[0]);
        for (int i = 1; i < parts.length; i++) {
            int equals = parts[i].indexOf('=');
            if (equals < 1) {
                throw new IllegalArgumentException("not name=value: \"" + parts[i] + "\"");
            }
            message.fields.put(parts[i].substring(0, equals), parts[i].substring(equals + 1));
        }
        return message;
    }
}
