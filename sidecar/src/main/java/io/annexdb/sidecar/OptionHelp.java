package io.annexdb.sidecar;

import java.util.ArrayList;
import java.util.List;

/** The table of options under {@code annex sidecar --help}. */
final class OptionHelp {
    private OptionHelp() {}

    static String[] lines() {
        List<String> lines = new ArrayList<>();
        lines.add("");
        lines.add("Options of the file (a dot is one step into a mapping):");
        for (Option option : Option.values()) {
            lines.add("  " + option.key() + "  (" + option.environmentName() + ")");
            lines.add("      " + option.meaning());
            lines.add("      " + range(option.range()) + ", " + defaultValue(option));
        }
        // Percent signs would be read as formats.
        return lines.stream().map(line -> line.replace("%", "%%")).toArray(String[]::new);
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
