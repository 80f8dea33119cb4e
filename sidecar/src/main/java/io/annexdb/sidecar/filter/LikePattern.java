package io.annexdb.sidecar.filter;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A pattern of LIKE over UTF-8: {@code %} any characters, {@code _} one, a backslash takes the next
 * byte as it is. Bytes are compared, as under PostgreSQL's deterministic collations. A class
 * because of its arrays.
 */
final class LikePattern {
    private enum Kind {
        BYTE,
        ONE,
        ANY
    }

    private final byte[] bytes;
    private final Kind[] kinds;

    private LikePattern(byte[] bytes, Kind[] kinds) {
        this.bytes = bytes;
        this.kinds = kinds;
    }

    static LikePattern of(String pattern) {
        byte[] source = pattern.getBytes(StandardCharsets.UTF_8);
        byte[] bytes = new byte[source.length];
        Kind[] kinds = new Kind[source.length];
        int length = 0;
        for (int i = 0; i < source.length; i++) {
            Kind kind =
                    switch (source[i]) {
                        case '%' -> Kind.ANY;
                        case '_' -> Kind.ONE;
                        default -> Kind.BYTE;
                    };
            if (source[i] == '\\') {
                i++;
                if (i == source.length) {
                    throw Refusal.because("its pattern ends with a backslash");
                }
            }
            bytes[length] = source[i];
            kinds[length++] = kind;
        }
        return new LikePattern(Arrays.copyOf(bytes, length), Arrays.copyOf(kinds, length));
    }

    /** Goes back to the last {@code %} where it fails: no earlier one could do better. */
    boolean matches(byte[] text) {
        int at = 0;
        int in = 0;
        int any = -1;
        int anyAt = 0;
        while (at < text.length) {
            if (in < kinds.length && kinds[in] == Kind.ANY) {
                any = in++;
                anyAt = at;
            } else if (in < kinds.length && kinds[in] == Kind.ONE) {
                at = next(text, at);
                in++;
            } else if (in < kinds.length && bytes[in] == text[at]) {
                at++;
                in++;
            } else if (any >= 0) {
                anyAt = next(text, anyAt);
                at = anyAt;
                in = any + 1;
            } else {
                return false;
            }
        }
        while (in < kinds.length && kinds[in] == Kind.ANY) {
            in++;
        }
        return in == kinds.length;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof LikePattern pattern
                && Arrays.equals(bytes, pattern.bytes)
                && Arrays.equals(kinds, pattern.kinds);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(bytes) + Arrays.hashCode(kinds);
    }

    /** Where the next character begins. */
    private static int next(byte[] text, int at) {
        int next = at + 1;
        while (next < text.length && (text[next] & 0xC0) == 0x80) {
            next++;
        }
        return next;
    }
}
