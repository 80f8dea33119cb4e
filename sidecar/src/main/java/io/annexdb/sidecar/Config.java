package io.annexdb.sidecar;

import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;

/**
 * The sidecar's configuration: every option with a value inside its range.
 *
 * @param values of every {@link Option}
 */
record Config(Map<Option, String> values) {
    Config {
        values = new EnumMap<>(values);
    }

    String text(Option option) {
        return Objects.requireNonNull(values.get(option));
    }

    int number(Option option) {
        return Math.toIntExact(Long.parseLong(text(option)));
    }

    Path dataDirectory() {
        return Path.of(text(Option.DATA_DIRECTORY));
    }

    /** All values on one line, secrets masked. */
    @Override
    public String toString() {
        return values.keySet().stream()
                .map(option -> option.key() + "=" + shown(option))
                .collect(Collectors.joining(" "));
    }

    private String shown(Option option) {
        return switch (option.range()) {
            case Option.Range.Secret _ -> text(option).isEmpty() ? "" : "****";
            case Option.Range.Text _, Option.Range.Whole _, Option.Range.OneOf _ ->
                    text(option).replaceAll("(?i)(password=)[^&]*", "$1****");
        };
    }
}
