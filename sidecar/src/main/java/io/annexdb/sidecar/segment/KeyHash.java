package io.annexdb.sidecar.segment;

/**
 * A 64-bit hash of a key's bytes: FNV-1a and the finaliser of splitmix64. Stored, so it is fixed.
 */
public final class KeyHash {
    private KeyHash() {}

    public static long of(byte[] key) {
        long hash = 0xcbf29ce484222325L;
        for (byte each : key) {
            hash = (hash ^ (each & 0xFF)) * 0x100000001b3L;
        }
        hash = (hash ^ (hash >>> 30)) * 0xbf58476d1ce4e5b9L;
        hash = (hash ^ (hash >>> 27)) * 0x94d049bb133111ebL;
        return hash ^ (hash >>> 31);
    }
}
