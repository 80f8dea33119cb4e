package io.annexdb.sidecar.segment;

/**
 * PostgreSQL's {@code hash_array_extended(real[], 0)}, by which SQL recognises that a row's vector
 * is still the indexed one. Per element {@code hashfloat4extended}: zero gives the seed, anything
 * else is widened to float8 and goes through Bob Jenkins' lookup3 ({@code src/common/hashfn.c});
 * elements are combined by {@code 31 * result + hash}, from 1.
 */
public final class VectorHash {
    private static final int START = 0x9e3779b9 + Double.BYTES + 3923095;

    private VectorHash() {}

    public static long of(float[] vector) {
        long result = 1;
        for (float element : vector) {
            result = 31 * result + (element == 0f ? 0 : hash(Double.doubleToLongBits(element)));
        }
        return result;
    }

    /** {@code hash_bytes_extended} of 8 bytes in memory order, seed 0. */
    private static long hash(long bytes) {
        int a = START + (int) bytes;
        int b = START + (int) (bytes >>> 32);
        int c = START;
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
