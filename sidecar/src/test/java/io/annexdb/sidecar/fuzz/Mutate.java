package io.annexdb.sidecar.fuzz;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Changes a valid input a little. Numbers of two and four bytes become those that decoders trip
 * over, among them the lengths of the input itself, so that lengths and counts are hit and not only
 * contents; parts are cut, doubled, moved, and taken from other valid inputs.
 */
public final class Mutate {
    private static final int[] TELLING = {
        0,
        1,
        -1,
        2,
        3,
        4,
        5,
        127,
        128,
        255,
        256,
        1_664,
        1_665,
        16_384,
        32_767,
        32_768,
        65_535,
        65_536,
        1 << 20,
        1 << 24,
        1 << 28,
        1 << 30,
        Integer.MAX_VALUE,
        Integer.MAX_VALUE - 4,
        Integer.MIN_VALUE,
        Integer.MIN_VALUE + 1
    };

    private Mutate() {}

    /** A copy of one of the inputs with zero to four changes. */
    public static byte[] oneOf(List<byte[]> inputs, SplittableRandom random) {
        byte[] bytes = inputs.get(random.nextInt(inputs.size())).clone();
        for (int edits = random.nextInt(5); edits > 0; edits--) {
            bytes = edit(bytes, inputs, random);
        }
        return bytes;
    }

    private static byte[] edit(byte[] bytes, List<byte[]> inputs, SplittableRandom random) {
        if (bytes.length == 0) {
            return new byte[] {(byte) random.nextInt()};
        }
        int at = random.nextInt(bytes.length);
        int length = 1 + random.nextInt(Math.min(16, bytes.length - at));
        switch (random.nextInt(10)) {
            case 0 -> bytes[at] = (byte) random.nextInt();
            case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
            case 2 -> bytes[at] = bytes[random.nextInt(bytes.length)];
            case 3, 4 -> number(bytes, at, random);
            case 5 -> {
                return Arrays.copyOf(bytes, at);
            }
            case 6 -> {
                return spliced(bytes, at, length, new byte[0]);
            }
            case 7 -> {
                return spliced(bytes, at, 0, Arrays.copyOfRange(bytes, at, at + length));
            }
            case 8 -> {
                byte[] other = inputs.get(random.nextInt(inputs.size()));
                int from = random.nextInt(other.length + 1);
                int to = Math.min(other.length, from + random.nextInt(64));
                return spliced(bytes, at, length, Arrays.copyOfRange(other, from, to));
            }
            default -> {
                byte[] noise = new byte[random.nextInt(9)];
                random.nextBytes(noise);
                return spliced(bytes, at, 0, noise);
            }
        }
        return bytes;
    }

    private static void number(byte[] bytes, int at, SplittableRandom random) {
        int value =
                random.nextInt(4) == 0
                        ? bytes.length + random.nextInt(-9, 10)
                        : TELLING[random.nextInt(TELLING.length)];
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        if (random.nextBoolean() && at + 4 <= bytes.length) {
            buffer.putInt(at, value);
        } else if (at + 2 <= bytes.length) {
            buffer.putShort(at, (short) value);
        } else {
            buffer.put(at, (byte) value);
        }
    }

    private static byte[] spliced(byte[] bytes, int at, int removed, byte[] inserted) {
        ByteBuffer out = ByteBuffer.allocate(bytes.length - removed + inserted.length);
        out.put(bytes, 0, at);
        out.put(inserted);
        out.put(bytes, at + removed, bytes.length - at - removed);
        return out.array();
    }
}
