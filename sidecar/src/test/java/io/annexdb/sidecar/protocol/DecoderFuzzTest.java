package io.annexdb.sidecar.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;

/** Whatever the bytes, a decoder gives a message or a protocol violation, and leaves them alone. */
class DecoderFuzzTest {
    private static final int MUTATIONS = 100_000;

    private static final List<byte[]> SEEDS =
            List.of(
                    bytes("51" + "53454c454354203100"),
                    bytes("50" + "733100" + "53454c4543542024313b00" + "0001" + "00000019"),
                    bytes(
                            "42"
                                    + "7000"
                                    + "7300"
                                    + "0001"
                                    + "0001"
                                    + "0001"
                                    + "0000000161"
                                    + "0000"),
                    bytes("44" + "53" + "7300"),
                    bytes("45" + "7000" + "00000000"),
                    bytes("43" + "50" + "7000"),
                    bytes("58"),
                    bytes("70" + "534352414d00" + "00000003" + "6e2c2c"),
                    bytes("00030000" + "7573657200" + "616e6e657800" + "00"),
                    bytes("04d2162e" + "00000001" + "00000002"));

    @Test
    void everyMutationIsDecodedOrRefused() {
        long seed = Long.getLong("annex.seed", 20_261_121L);
        SplittableRandom random = new SplittableRandom(seed);
        int decoded = 0;
        for (int i = 0; i < MUTATIONS; i++) {
            byte[] mutated = mutate(SEEDS.get(random.nextInt(SEEDS.size())), random);
            byte[] before = mutated.clone();
            try {
                decode(mutated, random.nextInt(4));
                decoded++;
            } catch (AnnexException e) {
                assertTrue(
                        e.code() == ErrorCode.PROTOCOL_VIOLATION
                                || e.code() == ErrorCode.FEATURE_NOT_SUPPORTED,
                        () -> "-Dannex.seed=" + seed + ": " + HexFormat.of().formatHex(before));
            } catch (RuntimeException e) {
                throw new AssertionError(
                        "-Dannex.seed=" + seed + ": " + HexFormat.of().formatHex(before), e);
            }
            assertEquals(HexFormat.of().formatHex(before), HexFormat.of().formatHex(mutated));
        }
        assertTrue(decoded > 1_000, "only " + decoded + " mutations were still messages");
    }

    private static void decode(byte[] mutated, int how) {
        ByteBuffer all = ByteBuffer.wrap(mutated);
        if (how == 0 || mutated.length == 0) {
            DecodeStartup.decode(all);
            return;
        }
        byte type = mutated[0];
        ByteBuffer body = all.slice(1, mutated.length - 1);
        switch (how) {
            case 1 -> DecodeMessage.saslInitial((byte) 'p', body);
            case 2 -> DecodeMessage.saslResponse(type, body);
            default -> DecodeMessage.decode(type, body);
        }
    }

    private static byte[] mutate(byte[] seed, SplittableRandom random) {
        byte[] mutated = seed.clone();
        int changes = random.nextInt(4);
        for (int i = 0; i < changes; i++) {
            switch (random.nextInt(3)) {
                case 0 -> {
                    if (mutated.length > 0) {
                        mutated[random.nextInt(mutated.length)] = (byte) random.nextInt(256);
                    }
                }
                case 1 -> mutated = Arrays.copyOf(mutated, random.nextInt(mutated.length + 1));
                default -> mutated = Arrays.copyOf(mutated, mutated.length + random.nextInt(9));
            }
        }
        return mutated;
    }

    private static byte[] bytes(String hexadecimal) {
        return HexFormat.of().parseHex(hexadecimal);
    }
}
