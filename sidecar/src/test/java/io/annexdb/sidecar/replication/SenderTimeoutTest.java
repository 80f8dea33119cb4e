package io.annexdb.sidecar.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.util.concurrent.TimeUnit;

/** How long a server may leave us unheard, after what has happened. */
class SenderTimeoutTest {
    private final SenderTimeout timeout = new SenderTimeout();

    private int afterOneThat(long lastedSeconds, double silentSeconds) {
        timeout.ended(
                TimeUnit.SECONDS.toNanos(lastedSeconds), Math.round(silentSeconds * 1_000_000_000));
        return timeout.millis();
    }

    @Test
    void aConnectionThatIsLostWhileTheServerSpeaksChangesNothing() {
        assertEquals(3_000, afterOneThat(1, 0));
        assertEquals(3_000, afterOneThat(20, 1.6)); // a keepalive was due
    }

    @Test
    void eachSilenceDoublesItUpToPostgreSqlsOwn() {
        assertEquals(6_000, afterOneThat(5, 3));
        assertEquals(12_000, afterOneThat(100, 7));
        assertEquals(24_000, afterOneThat(30, 13));
        assertEquals(48_000, afterOneThat(60, 25));
        assertEquals(60_000, afterOneThat(60, 50));
        assertEquals(60_000, afterOneThat(100, 70));
        assertEquals(TimeUnit.SECONDS.toNanos(120), timeout.silenceMaxNanos());
    }

    @Test
    void whatHasLastedSetsItBack() {
        assertEquals(6_000, afterOneThat(5, 3));
        assertEquals(6_000, afterOneThat(30, 1));
        assertEquals(3_000, afterOneThat(61, 1));
        assertEquals(TimeUnit.SECONDS.toNanos(10), timeout.silenceMaxNanos());
    }
}
