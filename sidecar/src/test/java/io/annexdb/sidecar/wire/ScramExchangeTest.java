package io.annexdb.sidecar.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;

/** What the exchange refuses before any proof, and that its time does not tell who exists. */
class ScramExchangeTest {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final Credentials CREDENTIALS = Credentials.of(RunningServer.SECRET, RANDOM);
    private static final byte[] BINDING = {1, 2, 3};
    private static final int TIMES = 3_000;

    @ParameterizedTest
    @CsvSource(
            delimiter = ' ',
            value = {
                "true n,,n=,r=a",
                "true y,,n=,r=a",
                "true p=tls-unique,,n=,r=a",
                "false p=tls-server-end-point,,n=,r=a",
                // Told by someone in between that there is no channel binding.
                "false y,,n=,r=a",
                "false x,,n=,r=a",
                "false ,,n=,r=a",
                "false n,n=,r=a",
                "false n,,r=a",
                "false n,,n="
            })
    void malformedFirstMessages(boolean isBound, String message) {
        ScramExchange scram = exchange("annex", isBound, Optional.of(BINDING));
        AnnexException refused = assertThrows(AnnexException.class, () -> scram.first(message));
        assertEquals(ErrorCode.PROTOCOL_VIOLATION, refused.code());
    }

    /** A proof over another connection's certificate, as someone in between would have it. */
    @Test
    void anotherBindingIsRefused() {
        ScramExchange scram = exchange("annex", true, Optional.of(BINDING));
        String challenge = scram.first("p=tls-server-end-point,,n=,r=a");
        byte[] other = "p=tls-server-end-point,,\1\2\4".getBytes(StandardCharsets.UTF_8);
        AnnexException refused =
                assertThrows(AnnexException.class, () -> scram.last(answer(challenge, other)));
        assertTrue(String.valueOf(refused.getMessage()).contains("channel binding"));
        byte[] ours = "p=tls-server-end-point,,\1\2\3".getBytes(StandardCharsets.UTF_8);
        refused = assertThrows(AnnexException.class, () -> scram.last(answer(challenge, ours)));
        assertEquals(ErrorCode.INVALID_PASSWORD, refused.code());
    }

    @Test
    void anUnknownUserTakesAsLong() {
        long[] known = new long[TIMES];
        long[] unknown = new long[TIMES];
        for (int i = 0; i < TIMES; i++) {
            known[i] = nanos("annex");
            unknown[i] = nanos("nobody");
        }
        double ratio = median(unknown) / median(known);
        assertTrue(ratio > 0.7 && ratio < 1.4, "unknown takes " + ratio + " of the time of known");
    }

    private static double median(long[] nanos) {
        Arrays.sort(nanos);
        return nanos[nanos.length / 2];
    }

    private static long nanos(String user) {
        ScramExchange scram = exchange(user, false, Optional.empty());
        long began = System.nanoTime();
        String challenge = scram.first("n,,n=,r=a");
        byte[] header = "n,,".getBytes(StandardCharsets.UTF_8);
        AnnexException refused =
                assertThrows(AnnexException.class, () -> scram.last(answer(challenge, header)));
        long nanos = System.nanoTime() - began;
        assertEquals(ErrorCode.INVALID_PASSWORD, refused.code());
        return nanos;
    }

    private static ScramExchange exchange(String user, boolean isBound, Optional<byte[]> binding) {
        return new ScramExchange(CREDENTIALS, user, RANDOM, isBound, binding);
    }

    private static String answer(String challenge, byte[] binding) {
        Base64.Encoder base64 = Base64.getEncoder();
        return "c="
                + base64.encodeToString(binding)
                + ","
                + challenge.substring(0, challenge.indexOf(",s="))
                + ",p="
                + base64.encodeToString(new byte[32]);
    }
}
