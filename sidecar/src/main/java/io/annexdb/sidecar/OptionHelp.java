package io.annexdb.sidecar;

import java.util.ArrayList;
import java.util.List;

/** The table of options under {@code annex sidecar --help}. */
final class OptionHelp {
    private static final int WIDTH = 80;
    private static final String INDENT = "      ";

    private OptionHelp() {}

    static String[] lines() {
        List<String> lines = new ArrayList<>();
        lines.add("");
        lines.add("Options of the file (a dot is one step into a mapping):");
        for (Option option : Option.values()) {
            addWrapped("  ", option.key() + " (" + option.environmentName() + ")", lines);
            addWrapped(INDENT, option.meaning(), lines);
            addWrapped(INDENT, range(option.range()) + ", " + defaultValue(option), lines);
        }
        // Percent signs would be read as formats.
        return lines.stream().map(line -> line.replace("%", "%%")).toArray(String[]::new);
    }

    /** Breaks between words; picocli would break, too, and leave out the indent. */
    private static void addWrapped(String indent, String text, List<String> lines) {
        StringBuilder line = new StringBuilder(indent);
        for (String word : text.split(" ", -1)) {
            boolean isFirst = line.toString().isBlank();
            if (!isFirst && line.length() + 1 + word.length() >= WIDTH) {
                lines.add(line.toString());
                line = new StringBuilder(INDENT).append(word);
            } else {
                line.append(isFirst ? "" : " ").append(word);
            }
        }
        lines.add(line.toString());
    }

    private static String range(Option.Range range) {
        return switch (range) {
            case Option.Range.Text text ->
                    text.lengthMin() + " to " + text.lengthMax() + " characters";
            case Option.Range.Secret secret ->
                    secret.lengthMin() == 0
                            ? "any length"
                            : "at least " + secret.lengthMin() + " characters";
            case Option.Range.Whole whole -> whole.least() + " to " + whole.most();
            case Option.Range.OneOf words -> "one of " + String.join(", ", words.words());
        };
    }

    private static String defaultValue(Option option) {
        String value = option.defaultValue();
        if (value == null) {
            return "must be given";
        }
        return value.isEmpty() ? "empty by default" : "default " + value;
    }
}
