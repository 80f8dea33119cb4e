package io.annexdb.sidecar.wire;

import com.ongres.scram.common.ScramFunctions;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;

/**
 * The server's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677):
 *
 * <pre>
 *   client  n,,n=user,r=clientNonce
 *   server  r=clientNonce+serverNonce,s=salt,i=iterations
 *   client  c=biws,r=clientNonce+serverNonce,p=proof
 *   server  v=signature
 * </pre>
 *
 * <p>With channel binding the first message begins with {@code p=tls-server-end-point,,}, and what
 * {@code c=} encodes ends with the data of the binding. A client that says {@code y} can bind and
 * was told that we cannot: where we can, someone in between has told it so.
 *
 * <p>The name inside the first message is ignored, as in PostgreSQL: the start-up message's counts.
 */
final class ScramExchange {
    private static final int NONCE_LENGTH = 24;

    private final Credentials credentials;
    private final String user;
    private final SecureRandom random;
    private final boolean isBound;
    private final Optional<byte[]> binding;
    private String gs2Header = "";
    private String clientFirstBare = "";
    private String serverFirst = "";
    private String nonce = "";

    /**
     * Begins one.
     *
     * @param isBound whether the client chose the mechanism with channel binding
     * @param binding data of the channel binding; empty where there is none to be had
     */
    ScramExchange(
            Credentials credentials,
            String user,
            SecureRandom random,
            boolean isBound,
            Optional<byte[]> binding) {
        this.credentials = credentials;
        this.user = user;
        this.random = random;
        this.isBound = isBound;
        this.binding = binding;
    }

    /** Takes client-first-message, gives server-first-message. */
    String first(String clientFirst) {
        gs2Header = gs2Header(clientFirst);
        clientFirstBare = clientFirst.substring(gs2Header.length());
        String clientNonce = attribute(clientFirstBare, "r=");
        if (!clientFirstBare.startsWith("n=") || clientNonce.isEmpty()) {
            throw malformed("no name or no nonce");
        }
        nonce = clientNonce + ScramFunctions.nonce(NONCE_LENGTH, random);
        serverFirst =
                "r=" + nonce + ",s=" + credentials.salt(user) + ",i=" + Credentials.ITERATIONS;
        return serverFirst;
    }

    /**
     * Takes client-final-message, gives server-final-message.
     *
     * @throws AnnexException INVALID_PASSWORD if the proof does not hold
     */
    String last(String clientFinal) {
        int proofAt = clientFinal.lastIndexOf(",p=");
        if (proofAt < 0) {
            throw malformed("no proof");
        }
        String withoutProof = clientFinal.substring(0, proofAt);
        if (!MessageDigest.isEqual(decode(attribute(withoutProof, "c=")), expectedBinding())) {
            throw malformed("the channel binding is not that of the first message");
        }
        if (!attribute(withoutProof, "r=").equals(nonce)) {
            throw malformed("the nonce is not that of the first message");
        }
        String authMessage = clientFirstBare + "," + serverFirst + "," + withoutProof;
        byte[] proof = decode(clientFinal.substring(proofAt + 3));
        if (proof.length != 32) {
            throw malformed("a proof of " + proof.length + " bytes, expected 32");
        }
        if (!credentials.proves(user, proof, authMessage)) {
            throw new AnnexException(
                    ErrorCode.INVALID_PASSWORD,
                    "password authentication failed for user \"" + user + "\"",
                    "The role is \"annex\", its password the secret of the sidecar's"
                            + " configuration.");
        }
        return "v=" + credentials.serverSignature(authMessage);
    }

    /** Flag, identity and their commas, which the client repeats under its proof. */
    private String gs2Header(String clientFirst) {
        int afterFlag = clientFirst.indexOf(',');
        int afterIdentity = clientFirst.indexOf(',', afterFlag + 1);
        if (afterFlag < 1 || afterIdentity < 0) {
            throw malformed("no GS2 header");
        }
        String flag = clientFirst.substring(0, afterFlag);
        if (isBound != flag.equals("p=" + ChannelBinding.TYPE)) {
            throw malformed("the channel binding is not that of the mechanism");
        }
        if (flag.equals("y") && binding.isPresent()) {
            throw malformed("the client was not told that channel binding is offered");
        }
        if (!isBound && !flag.equals("n") && !flag.equals("y")) {
            throw malformed("no GS2 header");
        }
        return clientFirst.substring(0, afterIdentity + 1);
    }

    private byte[] expectedBinding() {
        byte[] header = gs2Header.getBytes(StandardCharsets.UTF_8);
        byte[] data = isBound ? binding.orElseThrow() : new byte[0];
        byte[] expected = Arrays.copyOf(header, header.length + data.length);
        System.arraycopy(data, 0, expected, header.length, data.length);
        return expected;
    }

    /** The value of the first attribute of that name; empty when there is none. */
    private static String attribute(String message, String name) {
        for (String attribute : message.split(",", -1)) {
            if (attribute.startsWith(name)) {
                return attribute.substring(name.length());
            }
        }
        return "";
    }

    private static byte[] decode(String base64) {
        try {
            return Base64.getDecoder().decode(base64);
        } catch (IllegalArgumentException e) {
            throw new AnnexException(
                    ErrorCode.PROTOCOL_VIOLATION, "malformed SCRAM message: not base64", null, e);
        }
    }

    private static AnnexException malformed(String what) {
        return new AnnexException(
                ErrorCode.PROTOCOL_VIOLATION, "malformed SCRAM message: " + what, null);
    }
}
