package io.annexdb.sidecar.index;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.util.HashSet;
import java.util.Random;
import java.util.Set;

/** As a set of the JDK, with hashes that collide in their low bits, and with the empty one. */
class KeyHashesTest {
    private static final long SEED = Long.getLong("annex.seed", 20_261_122L);

    @Test
    void isASet() {
        for (int round = 0; round < 200; round++) {
            Random random = new Random(SEED + round);
            Set<Long> expected = new HashSet<>();
            KeyHashes hashes = new KeyHashes();
            int range = 1 + random.nextInt(100);
            for (int step = 0; step < 2_000; step++) {
                long hash = (long) random.nextInt(4) << 60 | random.nextInt(range);
                String message = "seed " + (SEED + round) + ", step " + step;
                if (hash == 1) {
                    continue; // it stands for the empty one
                }
                if (random.nextInt(step < 1_000 ? 3 : 2) > 0) {
                    hashes.add(hash);
                    expected.add(hash);
                } else {
                    assertEquals(expected.remove(hash), hashes.remove(hash), message);
                }
                assertEquals(expected.size(), hashes.size(), message);
            }
            expected.forEach(hash -> assertEquals(true, hashes.remove(hash)));
            assertEquals(0, hashes.size());
        }
    }
}
