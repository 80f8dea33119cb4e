package io.annexdb.sidecar.command;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.query.Consistency;
import io.annexdb.sidecar.query.RequestedFilter;
import io.annexdb.sidecar.query.SearchRequest;

import org.jspecify.annotations.Nullable;

import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads the JSON object of a request in one pass, without a tree. Called after the signature was
 * checked, so mistakes here are a caller's of ours; properties that are not known are skipped.
 */
final class DecodePayload {
    private static final int DIMENSIONS_MAX = 65_536;
    private static final int TIMEOUT_DEFAULT_MILLIS = 5_000;
    private static final int STALENESS_DEFAULT_MILLIS = 1_000;
    private static final int EF_SEARCH_DEFAULT = 100;
    private static final int MILLIS_MAX = 3_600_000;

    private static final JsonFactory JSON =
            JsonFactory.builder()
                    .enable(StreamReadFeature.USE_FAST_DOUBLE_PARSER)
                    .streamReadConstraints(
                            StreamReadConstraints.builder().maxNestingDepth(8).build())
                    .build();

    private @Nullable String operation;
    private @Nullable String nonce;
    private @Nullable String user;
    private @Nullable Long expiresMillis;
    private @Nullable Long index;
    private @Nullable Integer k;
    private List<float[]> vectors = List.of();
    private int efSearch = EF_SEARCH_DEFAULT;
    private @Nullable String namespace;
    private double maxDistance = Double.POSITIVE_INFINITY;
    private String consistency = Consistency.STRONG.sqlName();
    private int timeoutMillis = TIMEOUT_DEFAULT_MILLIS;
    private int stalenessMillis = STALENESS_DEFAULT_MILLIS;
    private List<RowKey> keys = List.of();
    private @Nullable String filter;
    private Map<String, String> include = Map.of();
    private boolean utc;
    private boolean refresh;
    private @Nullable String job;
    private boolean repair;
    private int patienceMillis;

    private DecodePayload() {}

    /**
     * Reads a payload.
     *
     * @param utf8 a heap buffer
     * @throws AnnexException INVALID_PARAMETER_VALUE that names the property
     */
    static Payload decode(ByteBuffer utf8) {
        DecodePayload decode = new DecodePayload();
        try (JsonParser json =
                JSON.createParser(
                        ObjectReadContext.empty(),
                        utf8.array(),
                        utf8.arrayOffset() + utf8.position(),
                        utf8.remaining())) {
            decode.object(json);
        } catch (JacksonException e) {
            throw new AnnexException(
                    ErrorCode.INVALID_PARAMETER_VALUE,
                    "the request is not the JSON that was expected: " + e.getOriginalMessage(),
                    null,
                    e);
        }
        return decode.payload();
    }

    /**
     * The nonce of a request that is refused: whoever asked recognises the refusal by it. Empty
     * when there is none of the right length to give back.
     */
    static String unverifiedNonce(ByteBuffer utf8) {
        try {
            String nonce = decode(utf8).nonce();
            return nonce.length() == Nonces.DIGITS ? nonce : "";
        } catch (AnnexException e) {
            return "";
        }
    }

    private void object(JsonParser json) {
        if (json.nextToken() != JsonToken.START_OBJECT) {
            throw invalid("the request is not a JSON object");
        }
        for (String name = json.nextName(); name != null; name = json.nextName()) {
            if (json.nextToken() != JsonToken.VALUE_NULL) {
                property(name, json);
            }
        }
        if (json.currentToken() != JsonToken.END_OBJECT || json.nextToken() != null) {
            throw invalid("something follows the request's JSON object");
        }
    }

    private void property(String name, JsonParser json) {
        switch (name) {
            case "op" -> operation = json.getString();
            case "nonce" -> nonce = json.getString();
            case "user" -> user = json.getString();
            case "expires" -> expiresMillis = json.getLongValue();
            case "index" -> index = json.getLongValue();
            case "k" -> k = json.getIntValue();
            case "ef" -> efSearch = json.getIntValue();
            case "namespace" -> namespace = json.getString();
            case "max_distance" -> maxDistance = number(json);
            case "consistency" -> consistency = json.getString();
            case "staleness_ms" -> stalenessMillis = millis(name, json);
            case "timeout_ms" -> timeoutMillis = millis(name, json);
            case "refresh" -> refresh = json.currentToken() == JsonToken.VALUE_TRUE;
            case "job" -> job = json.getString();
            case "repair" -> repair = json.currentToken() == JsonToken.VALUE_TRUE;
            case "patience_ms" -> patienceMillis = millis(name, json);
            case "query" -> vectors = List.of(vector(json));
            case "queries" -> vectors = vectors(json);
            case "filter" -> filter = json.getString();
            case "include" -> include = texts(json);
            case "utc" -> utc = json.currentToken() == JsonToken.VALUE_TRUE;
            case "keys" -> keys = keys(json);
            default -> json.skipChildren();
        }
    }

    private static int millis(String name, JsonParser json) {
        int millis = json.getIntValue();
        if (millis < 0 || millis > MILLIS_MAX) {
            throw invalid(name + " is " + millis + ", allowed are 0 to " + MILLIS_MAX);
        }
        return millis;
    }

    private static List<float[]> vectors(JsonParser json) {
        startArray("queries", json);
        List<float[]> vectors = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            vectors.add(vector(json));
        }
        return vectors;
    }

    private static float[] vector(JsonParser json) {
        startArray("query", json);
        float[] vector = new float[1_024];
        int length = 0;
        while (json.nextToken() != JsonToken.END_ARRAY) {
            if (length == DIMENSIONS_MAX) {
                throw invalid("the query has more than " + DIMENSIONS_MAX + " dimensions");
            }
            if (length == vector.length) {
                vector = Arrays.copyOf(vector, length * 2);
            }
            vector[length++] =
                    json.currentToken() == JsonToken.VALUE_STRING
                            ? (float) number(json)
                            : json.getFloatValue();
        }
        return Arrays.copyOf(vector, length);
    }

    /** PostgreSQL writes what JSON has no number for as the strings NaN, Infinity, -Infinity. */
    private static double number(JsonParser json) {
        if (json.currentToken() != JsonToken.VALUE_STRING) {
            return json.getDoubleValue();
        }
        return switch (json.getString()) {
            case "NaN" -> Double.NaN;
            case "Infinity" -> Double.POSITIVE_INFINITY;
            case "-Infinity" -> Double.NEGATIVE_INFINITY;
            default -> throw invalid("not a number: \"" + json.getString() + "\"");
        };
    }

    private static List<RowKey> keys(JsonParser json) {
        startArray("keys", json);
        List<RowKey> keys = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            startArray("keys", json);
            List<String> columns = new ArrayList<>(2);
            while (json.nextToken() != JsonToken.END_ARRAY) {
                if (!json.currentToken().isScalarValue()) {
                    throw invalid("a column of a key is neither text nor number");
                }
                columns.add(json.getString());
            }
            keys.add(RowKey.of(columns));
        }
        return keys;
    }

    private static Map<String, String> texts(JsonParser json) {
        if (json.currentToken() != JsonToken.START_OBJECT) {
            throw invalid("include is not an object");
        }
        Map<String, String> texts = new HashMap<>();
        for (String name = json.nextName(); name != null; name = json.nextName()) {
            if (json.nextToken() != JsonToken.VALUE_STRING) {
                throw invalid("include has a value that is no text");
            }
            texts.put(name, json.getString());
        }
        return texts;
    }

    private static void startArray(String name, JsonParser json) {
        if (json.currentToken() != JsonToken.START_ARRAY) {
            throw invalid(name + " is not an array");
        }
    }

    private Payload payload() {
        String given = required("op", operation);
        Payload.Operation asked =
                Arrays.stream(Payload.Operation.values())
                        .filter(each -> each.jsonName().equals(given))
                        .findFirst()
                        .orElseThrow(() ->
                                invalid(
                                        "unknown op \""
                                                + given
                                                + "\", expected search, rank, search_batch,"
                                                + " rank_batch, status or verify"));
        return new Payload(
                asked,
                required("nonce", nonce),
                required("user", user),
                required("expires", expiresMillis),
                switch (asked) {
                    case STATUS, VERIFY -> null;
                    case SEARCH, RANK, SEARCH_BATCH, RANK_BATCH -> search();
                },
                keys,
                refresh,
                asked == Payload.Operation.VERIFY ? comparison() : null);
    }

    private ComparisonRequest comparison() {
        return new ComparisonRequest(
                required("job", job),
                required("index", index),
                repair,
                Duration.ofMillis(patienceMillis));
    }

    private SearchRequest search() {
        return new SearchRequest(
                required("index", index),
                required("query", vectors.isEmpty() ? null : vectors),
                required("k", k),
                efSearch,
                namespace,
                maxDistance,
                Consistency.ofSqlName(consistency),
                Duration.ofMillis(stalenessMillis),
                Duration.ofMillis(timeoutMillis),
                filter == null ? null : new RequestedFilter(filter, include, utc));
    }

    private static <T> T required(String name, @Nullable T value) {
        if (value == null) {
            throw invalid("the request lacks \"" + name + "\"");
        }
        return value;
    }

    private static AnnexException invalid(String message) {
        return new AnnexException(ErrorCode.INVALID_PARAMETER_VALUE, message, null);
    }
}
