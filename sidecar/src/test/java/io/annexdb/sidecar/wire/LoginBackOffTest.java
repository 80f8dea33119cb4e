package io.annexdb.sidecar.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

class LoginBackOffTest {
    private static final ClientAddress GUESSER = TestAddress.of("10.0.0.1");

    @Test
    void theDelayDoublesUpToItsLimitAndEachSuccessHalvesIt() {
        LoginBackOff backOff = new LoginBackOff();
        List<Long> delays =
                LongStream.range(0, 11)
                        .mapToObj(failure -> {
                            long delay = backOff.delayMillis(GUESSER);
                            assertEquals(failure + 1, backOff.failed(GUESSER));
                            return delay;
                        })
                        .toList();
        assertEquals(
                List.of(0L, 0L, 0L, 50L, 100L, 200L, 400L, 800L, 1_600L, 1_600L, 1_600L), delays);
        assertEquals(0, backOff.delayMillis(TestAddress.of("10.0.0.2")));
        for (long delay : new long[] {800, 400, 200, 100, 50, 0, 0, 0, 0}) {
            backOff.succeeded(GUESSER);
            assertEquals(delay, backOff.delayMillis(GUESSER));
        }
        assertEquals(0, backOff.addresses());
        assertEquals(1, backOff.failed(GUESSER), "it begins anew");
    }

    /** Behind one address there may be both; the good client's logins are not the guesser's. */
    @Test
    void whoFailsMoreOftenThanOthersSucceedIsSlowed() {
        LoginBackOff backOff = new LoginBackOff();
        for (int i = 0; i < 10; i++) {
            backOff.failed(GUESSER);
            backOff.failed(GUESSER);
            backOff.succeeded(GUESSER);
        }
        assertEquals(800, backOff.delayMillis(GUESSER));
        for (int i = 0; i < 10; i++) {
            backOff.failed(GUESSER);
            backOff.succeeded(GUESSER);
            backOff.succeeded(GUESSER);
        }
        assertEquals(0, backOff.delayMillis(GUESSER), "one with an old secret among others");
    }

    @Test
    void addressesAreForgottenRatherThanMemoryFilled() {
        LoginBackOff backOff = new LoginBackOff();
        for (int i = 0; i < 6 * LoginBackOff.ADDRESSES_MAX; i++) {
            backOff.failed(
                    TestAddress.of("10." + i / 65_536 + "." + i / 256 % 256 + "." + i % 256));
        }
        assertTrue(backOff.addresses() <= LoginBackOff.ADDRESSES_MAX);
    }

    @Test
    void onlySoManyWaitAtATime() throws Exception {
        LoginBackOff backOff = new LoginBackOff();
        for (int i = 0; i < 9; i++) {
            backOff.failed(GUESSER);
        }
        List<Thread> waiting = new ArrayList<>();
        for (int i = 0; i < LoginBackOff.WAITING_MAX; i++) {
            waiting.add(
                    Thread.ofVirtual()
                            .start(() -> {
                                try {
                                    backOff.await(GUESSER);
                                } catch (InterruptedException e) {
                                    Thread.currentThread().interrupt();
                                }
                            }));
        }
        while (waiting.stream()
                .anyMatch(thread -> thread.getState() != Thread.State.TIMED_WAITING)) {
            Thread.sleep(1);
        }
        AnnexException refused = assertThrows(AnnexException.class, () -> backOff.await(GUESSER));
        assertEquals(ErrorCode.TOO_MANY_CONNECTIONS, refused.code());
        for (Thread thread : waiting) {
            thread.join();
        }
        backOff.succeeded(GUESSER);
        backOff.await(GUESSER);
    }

    @Test
    void anIpv6NetworkIsOneClient() {
        assertEquals(TestAddress.of("2001:db8::1"), TestAddress.of("2001:db8::ffff:2"));
        assertEquals("2001:db8:1:0:0:0:0:0", TestAddress.of("2001:db8:1::1").toString());
        assertEquals("127.0.0.1", TestAddress.of("127.0.0.1").toString());
        assertEquals(TestAddress.of("10.0.0.1"), TestAddress.of("::ffff:10.0.0.1"));
    }
}
