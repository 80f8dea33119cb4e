package io.annexdb.sidecar;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.schema.FailsafeSchema;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Reads the file, lays the environment over it, fills in defaults, and judges every value. */
final class ReadConfig {
    private static final Logger LOG = LoggerFactory.getLogger(ReadConfig.class);
    private static final Pattern NAME = Pattern.compile("[a-z0-9_]+");
    private static final String ENVIRONMENT_PREFIX = "ANNEX_";
    private static final Set<String> OTHER_VARIABLES = Set.of("ANNEX_JAVA_OPTS", "ANNEX_TRACE");

    private ReadConfig() {}

    /**
     * The configuration.
     *
     * @param file YAML; null for environment and defaults only
     * @param environment of the process
     * @throws AnnexException CONFIGURATION that names the option and what is expected
     */
    static Config read(@Nullable Path file, Map<String, String> environment) {
        Map<Option, String> values = new EnumMap<>(Option.class);
        fromFile(file).forEach((key, value) -> values.put(ofKey(key, file), value));
        environment.forEach((name, value) -> {
            if (name.startsWith(ENVIRONMENT_PREFIX)) {
                ofEnvironmentName(name).ifPresent(option -> values.put(option, value));
            }
        });
        for (Option option : Option.values()) {
            values.put(option, judged(option, values.getOrDefault(option, option.defaultValue())));
        }
        judgeTls(values);
        return new Config(values);
    }

    /** Half of what encryption needs must not end as none. */
    private static void judgeTls(Map<Option, String> values) {
        boolean hasCertificate = !"".equals(values.get(Option.TLS_CERTIFICATE));
        boolean hasKey = !"".equals(values.get(Option.TLS_KEY));
        if (hasCertificate != hasKey) {
            Option missing = hasKey ? Option.TLS_CERTIFICATE : Option.TLS_KEY;
            throw outOfRange(missing, "empty", "a file, as the other of the two is given");
        }
        if ("require".equals(values.get(Option.TLS_MODE)) && !hasCertificate) {
            throw outOfRange(Option.TLS_CERTIFICATE, "empty", "a file, as tls.mode is require");
        }
    }

    private static Map<String, String> fromFile(@Nullable Path file) {
        Map<String, String> flat = new LinkedHashMap<>();
        if (file == null) {
            return flat;
        }
        // All scalars stay text, so that a password of digits keeps its leading zeros.
        Load load = new Load(LoadSettings.builder().setSchema(new FailsafeSchema()).build());
        try {
            Object root = load.loadFromString(Files.readString(file));
            if (root instanceof Map<?, ?> mapping) {
                flatten("", mapping, flat);
            } else if (root != null && !root.equals("")) {
                throw invalid(file + " is not a mapping of options to values", null);
            }
        } catch (IOException e) {
            throw invalid("cannot read the configuration file: " + e, e);
        } catch (YamlEngineException e) {
            throw invalid(file + " is not YAML: " + e.getMessage(), e);
        }
        return flat;
    }

    private static void flatten(String prefix, Map<?, ?> mapping, Map<String, String> flat) {
        mapping.forEach((name, value) -> {
            String key = prefix + name;
            switch (value) {
                case Map<?, ?> inner -> flatten(key + ".", inner, flat);
                case String text -> flat.put(key, text);
                case null, default -> throw invalid("option " + key + " needs one value", null);
            }
        });
    }

    private static Option ofKey(String key, @Nullable Path file) {
        return Arrays.stream(Option.values())
                .filter(option -> option.key().equals(key))
                .findFirst()
                .orElseThrow(() -> unknown(key, file));
    }

    /** Platforms put variables of their own into the environment, so a stranger is no error. */
    private static Optional<Option> ofEnvironmentName(String name) {
        Optional<Option> known =
                Arrays.stream(Option.values())
                        .filter(option -> option.environmentName().equals(name))
                        .findFirst();
        if (known.isEmpty() && !OTHER_VARIABLES.contains(name)) {
            LOG.warn(
                    "environment variable {} is not an option; the nearest one is {}",
                    name,
                    Nearest.option(name.substring(ENVIRONMENT_PREFIX.length())).environmentName());
        }
        return known;
    }

    private static AnnexException unknown(String key, @Nullable Path file) {
        Option nearest = Nearest.option(key);
        return new AnnexException(
                ErrorCode.CONFIGURATION,
                "unknown option \"" + key + "\" in " + file,
                "Did you mean " + nearest.key() + "? annex sidecar --help lists all options.");
    }

    private static String judged(Option option, @Nullable String value) {
        if (value == null) {
            throw new AnnexException(
                    ErrorCode.CONFIGURATION,
                    "option " + option.key() + " is missing",
                    "It is " + option.meaning() + ".");
        }
        switch (option.range()) {
            case Option.Range.Text range -> judgeText(option, value, range);
            case Option.Range.Secret range -> judgeSecret(option, value, range);
            case Option.Range.Whole range -> judgeNumber(option, value, range);
            case Option.Range.OneOf range -> {
                if (!range.words().contains(value)) {
                    throw outOfRange(option, "\"" + value + "\"", "one of " + range.words());
                }
            }
        }
        if (option == Option.NAME && !NAME.matcher(value).matches()) {
            throw outOfRange(
                    option, "\"" + value + "\"", "lower-case letters, digits, underscores");
        }
        return value;
    }

    private static void judgeText(Option option, String value, Option.Range.Text range) {
        if (value.length() < range.lengthMin() || value.length() > range.lengthMax()) {
            throw outOfRange(
                    option,
                    value.length() + " characters long",
                    range.lengthMin() + " to " + range.lengthMax());
        }
    }

    /** ASCII, because SCRAM clients prepare other letters in more than one way. */
    private static void judgeSecret(Option option, String value, Option.Range.Secret range) {
        boolean ascii = value.chars().allMatch(letter -> letter >= ' ' && letter < 0x7F);
        if (value.length() < range.lengthMin() || (range.lengthMin() > 0 && !ascii)) {
            throw outOfRange(
                    option,
                    value.length() + " characters long" + (ascii ? "" : " and not ASCII"),
                    "at least " + range.lengthMin() + " printable ASCII characters");
        }
    }

    private static void judgeNumber(Option option, String value, Option.Range.Whole range) {
        long number;
        try {
            number = Long.parseLong(value);
        } catch (NumberFormatException e) {
            throw outOfRange(option, "\"" + value + "\"", "a whole number");
        }
        if (number < range.least() || number > range.most()) {
            throw outOfRange(option, value, range.least() + " to " + range.most());
        }
    }

    private static AnnexException outOfRange(Option option, String is, String expected) {
        return new AnnexException(
                ErrorCode.CONFIGURATION,
                "option " + option.key() + " is " + is + ", expected " + expected,
                "It is " + option.meaning() + ".");
    }

    private static AnnexException invalid(String message, @Nullable Throwable cause) {
        return new AnnexException(ErrorCode.CONFIGURATION, message, null, cause);
    }
}
