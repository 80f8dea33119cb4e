package io.annexdb.sidecar.command;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.InvalidKeyException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** HMAC-SHA256 with the sidecar's secret. One per session, because a Mac serves one thread. */
final class Signer {
    private static final String ALGORITHM = "HmacSHA256";

    private final Mac mac;

    Signer(String secret) {
        try {
            mac = Mac.getInstance(ALGORITHM);
            mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), ALGORITHM));
        } catch (NoSuchAlgorithmException | InvalidKeyException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Compares in a time that does not depend on where the first difference is. */
    boolean holds(ByteBuffer payload, String signature) {
        mac.update(payload.duplicate());
        return MessageDigest.isEqual(mac.doFinal(), bytes(signature));
    }

    /** In lower-case hexadecimal digits. */
    String sign(String text) {
        return HexFormat.of().formatHex(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static byte[] bytes(String hexadecimal) {
        try {
            return HexFormat.of().parseHex(hexadecimal);
        } catch (IllegalArgumentException e) {
            return new byte[0];
        }
    }
}
