package io.annexdb.sidecar.wire;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.HexFormat;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Builds requests as the SQL functions do, independently of the code under test. */
final class SignedRequest {
    private static final SecureRandom RANDOM = new SecureRandom();

    private SignedRequest() {}

    static String nonce() {
        byte[] nonce = new byte[16];
        RANDOM.nextBytes(nonce);
        return HexFormat.of().formatHex(nonce);
    }

    /** A payload with a fresh nonce and a minute to live; {@code rest} begins after the comma. */
    static String payload(String operation, String rest) {
        return payload(operation, nonce(), System.currentTimeMillis() + 60_000, rest);
    }

    static String payload(String operation, String nonce, long expires, String rest) {
        return "{\"op\":\""
                + operation
                + "\",\"nonce\":\""
                + nonce
                + "\",\"user\":\"bob\",\"expires\":"
                + expires
                + (rest.isEmpty() ? "" : "," + rest)
                + "}";
    }

    static String search(long index, int k, float[] query, String more) {
        return payload("search", arguments(index, k, query, more));
    }

    static String arguments(long index, int k, float[] query, String more) {
        StringBuilder json =
                new StringBuilder("\"index\":" + index + ",\"k\":" + k + ",\"ef\":100,\"query\":[");
        for (int i = 0; i < query.length; i++) {
            json.append(i == 0 ? "" : ",").append(query[i]);
        }
        return json.append(']').append(more).toString();
    }

    static String sign(String text) {
        return sign(text, RunningServer.SECRET);
    }

    static String sign(String text, String secret) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
            return HexFormat.of().formatHex(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    /** The statement that dblink sends. */
    static String sql(String payload) {
        return sql(payload, sign(payload));
    }

    static String sql(String payload, String signature) {
        return "SELECT annex.request('" + payload.replace("'", "''") + "','" + signature + "')";
    }
}
