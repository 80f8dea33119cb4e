package io.annexdb.sidecar.wire;

import com.ongres.scram.common.ScramFunctions;
import com.ongres.scram.common.ScramMechanism;
import com.ongres.scram.common.StringPreparation;

import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;

/** What the server keeps to recognise the secret: salted keys, made anew at every start. */
final class Credentials {
    static final String ROLE = "annex";
    static final ScramMechanism MECHANISM = ScramMechanism.SCRAM_SHA_256;

    /** The same computations, with the TLS connection in what is proven. */
    static final ScramMechanism BOUND_MECHANISM = ScramMechanism.SCRAM_SHA_256_PLUS;

    /** PostgreSQL's own count; the keys live in memory only, next to the secret itself. */
    static final int ITERATIONS = 4_096;

    private static final int SALT_BYTES = 16;

    private final byte[] salt;
    private final byte[] storedKey;
    private final byte[] serverKey;
    private final byte[] foreignSaltKey;

    private Credentials(byte[] salt, byte[] storedKey, byte[] serverKey, byte[] foreignSaltKey) {
        this.salt = salt;
        this.storedKey = storedKey;
        this.serverKey = serverKey;
        this.foreignSaltKey = foreignSaltKey;
    }

    static Credentials of(String secret, SecureRandom random) {
        byte[] salt = ScramFunctions.salt(SALT_BYTES, random);
        byte[] salted =
                ScramFunctions.saltedPassword(
                        MECHANISM,
                        StringPreparation.POSTGRESQL_PREPARATION,
                        secret.toCharArray(),
                        salt,
                        ITERATIONS);
        byte[] clientKey = ScramFunctions.clientKey(MECHANISM, salted);
        return new Credentials(
                salt,
                ScramFunctions.storedKey(MECHANISM, clientKey),
                ScramFunctions.serverKey(MECHANISM, salted),
                ScramFunctions.salt(SALT_BYTES, random));
    }

    /**
     * Another user gets a salt as steady as the real one, after the same computations, and learns
     * nothing from it.
     */
    String salt(String user) {
        byte[] foreign =
                Arrays.copyOf(
                        ScramFunctions.hmac(
                                MECHANISM, foreignSaltKey, user.getBytes(StandardCharsets.UTF_8)),
                        SALT_BYTES);
        return Base64.getEncoder().encodeToString(user.equals(ROLE) ? salt : foreign);
    }

    /** Whether the proof was made with the secret, and for the one role there is. */
    boolean proves(String user, byte[] proof, String authMessage) {
        boolean holds = ScramFunctions.verifyClientProof(MECHANISM, proof, storedKey, authMessage);
        return holds && user.equals(ROLE);
    }

    String serverSignature(String authMessage) {
        return Base64.getEncoder()
                .encodeToString(ScramFunctions.serverSignature(MECHANISM, serverKey, authMessage));
    }
}
