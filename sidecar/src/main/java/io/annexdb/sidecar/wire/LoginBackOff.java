package io.annexdb.sidecar.wire;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Slows down whoever guesses: after {@value #FREE_FAILURES} failed logins from an address each
 * further one waits before its proof is looked at, twice as long with each failure, and no more
 * than {@value #WAITING_MAX} of an address wait at a time. Whether the proof is right makes no
 * difference to the wait, or a guess could be given up as soon as it takes long. The longest wait
 * is shorter than the two seconds that dblink allows for a connection, so a client with the wrong
 * secret beside good ones delays those and does not shut them out.
 *
 * <p>A success takes one failure back, not all: servers that count by account clear the count, but
 * here all have one account, and beside a client that logs in now and then a guesser would begin
 * anew with each of its logins. So it is slowed as soon as it fails more often than the others
 * succeed, and a good client that shares its address is soon free when it has gone.
 */
final class LoginBackOff {
    static final int FREE_FAILURES = 3;
    static final int WAITING_MAX = 20;
    static final int ADDRESSES_MAX = 10_000;
    private static final long DELAY_MIN_MILLIS = 50;
    private static final int DOUBLINGS_MAX = 5;
    private static final Duration MEMORY = Duration.ofMinutes(10);

    /**
     * Of one address.
     *
     * @param all since it had none standing; for the log
     * @param standing not yet taken back; more than make a difference are not counted
     */
    private record Failures(int all, int standing) {
        Failures more() {
            return new Failures(
                    Math.min(all + 1, 1 << 20),
                    Math.min(standing + 1, FREE_FAILURES + DOUBLINGS_MAX));
        }

        @Nullable Failures less() {
            return standing == 1 ? null : new Failures(all, standing - 1);
        }
    }

    private final Cache<ClientAddress, Failures> failures =
            Caffeine.newBuilder()
                    .maximumSize(ADDRESSES_MAX)
                    .expireAfterWrite(MEMORY)
                    .executor(Runnable::run)
                    .build();
    private final Map<ClientAddress, Integer> waiting = new ConcurrentHashMap<>();

    /** How long a login from there has to wait; 0 to 1,600. */
    long delayMillis(ClientAddress address) {
        Failures known = failures.getIfPresent(address);
        return known == null || known.standing < FREE_FAILURES
                ? 0
                : DELAY_MIN_MILLIS << (known.standing - FREE_FAILURES);
    }

    /**
     * Waits as long as a login from there has to.
     *
     * @throws AnnexException TOO_MANY_CONNECTIONS if too many wait already
     */
    void await(ClientAddress address) throws InterruptedException {
        long delayMillis = delayMillis(address);
        if (delayMillis == 0) {
            return;
        }
        try {
            int others = waiting.merge(address, 1, Integer::sum) - 1;
            if (others >= WAITING_MAX) {
                throw new AnnexException(
                        ErrorCode.TOO_MANY_CONNECTIONS,
                        "after failed logins " + others + " more from this address wait already",
                        "Correct the secret of the client that fails; logins are delayed by "
                                + delayMillis
                                + " ms now.");
            }
            Thread.sleep(delayMillis);
        } finally {
            waiting.computeIfPresent(address, (key, count) -> count == 1 ? null : count - 1);
        }
    }

    /** Notes a failure, and tells how many there have been since the address had none. */
    int failed(ClientAddress address) {
        return failures.asMap()
                .merge(address, new Failures(1, 1), (known, one) -> known.more())
                .all;
    }

    /** Takes one failure back. */
    void succeeded(ClientAddress address) {
        failures.asMap().computeIfPresent(address, (key, known) -> known.less());
    }

    /** Addresses remembered, at most {@value #ADDRESSES_MAX}. */
    long addresses() {
        failures.cleanUp();
        return failures.estimatedSize();
    }
}
