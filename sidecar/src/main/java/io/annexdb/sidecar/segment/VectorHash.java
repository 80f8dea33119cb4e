package io.annexdb.sidecar.segment;

import io.annexdb.sidecar.model.ElementType;

/**
 * PostgreSQL's hash of a vector column's value, by which SQL recognises that a row's vector is
 * still the indexed one. Of numbers that is {@code hash_array_extended(real[], 0)}: per element
 * {@code hashfloat4extended}, where zero gives the seed and anything else is widened to float8;
 * elements are combined by {@code 31 * result + hash}, from 1. Of bits it is {@code
 * hashtextextended(text, 0)} of their text, for PostgreSQL has no hash of bits. Both hash bytes by
 * Bob Jenkins' lookup3 ({@code src/common/hashfn.c}).
 */
public final class VectorHash {
    private static final int START = 0x9e3779b9 + 3923095;
    private static final int BLOCK_BYTES = 12;

    private VectorHash() {}

    public static long of(ElementType elements, float[] vector) {
        return elements == ElementType.BIT ? ofBits(vector) : of(vector);
    }

    static long of(float[] vector) {
        long result = 1;
        for (float element : vector) {
            result = 31 * result + (element == 0f ? 0 : hash(Double.doubleToLongBits(element)));
        }
        return result;
    }

    /** {@code hash_bytes_extended} of one character per bit, seed 0. */
    private static long ofBits(float[] vector) {
        int a = START + vector.length;
        int b = a;
        int c = a;
        int at = 0;
        for (; vector.length - at >= BLOCK_BYTES; at += BLOCK_BYTES) {
            a += characters(vector, at, at + 4);
            b += characters(vector, at + 4, at + 8);
            c += characters(vector, at + 8, at + 12);
            a = (a - c) ^ Integer.rotateLeft(c, 4);
            c += b;
            b = (b - a) ^ Integer.rotateLeft(a, 6);
            a += c;
            c = (c - b) ^ Integer.rotateLeft(b, 8);
            b += a;
            a = (a - c) ^ Integer.rotateLeft(c, 16);
            c += b;
            b = (b - a) ^ Integer.rotateLeft(a, 19);
            a += c;
            c = (c - b) ^ Integer.rotateLeft(b, 4);
            b += a;
        }
        a += characters(vector, at, at + 4);
        b += characters(vector, at + 4, at + 8);
        // The lowest byte of c belongs to the length.
        c += characters(vector, at + 8, at + 11) << 8;
        return finish(a, b, c);
    }

    /** Up to four characters '0' and '1' as they lie in memory; none behind the end. */
    private static int characters(float[] vector, int from, int to) {
        int word = 0;
        for (int i = from; i < Math.min(to, vector.length); i++) {
            word |= (vector[i] == 0f ? '0' : '1') << ((i - from) * 8);
        }
        return word;
    }

    /** {@code hash_bytes_extended} of 8 bytes in memory order, seed 0. */
    private static long hash(long bytes) {
        int start = START + Double.BYTES;
        return finish(start + (int) bytes, start + (int) (bytes >>> 32), start);
    }

    private static long finish(int a, int b, int c) {
        c = (c ^ b) - Integer.rotateLeft(b, 14);
        a = (a ^ c) - Integer.rotateLeft(c, 11);
        b = (b ^ a) - Integer.rotateLeft(a, 25);
        c = (c ^ b) - Integer.rotateLeft(b, 16);
        a = (a ^ c) - Integer.rotateLeft(c, 4);
        b = (b ^ a) - Integer.rotateLeft(a, 14);
        c = (c ^ b) - Integer.rotateLeft(b, 24);
        return ((long) b << 32) | (c & 0xFFFF_FFFFL);
    }
}
