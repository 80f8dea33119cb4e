package io.annexdb.sidecar.command;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.util.HexFormat;

/**
 * Lets every signed request through once. A nonce is remembered until its request has expired, and
 * a request may not expire later than {@link #EXPIRY_MAX}, so the memory is bounded by the rate of
 * requests. Shared by all sessions.
 */
final class Nonces {
    /** The SQL functions sign for their timeout, at most an hour, and a little. */
    static final Duration EXPIRY_MAX = Duration.ofMinutes(65);

    static final int DIGITS = 32;

    private record Nonce(long high, long low) {}

    private final Cache<Nonce, Long> seen =
            Caffeine.newBuilder()
                    // Else another thread is woken after each request. Those that have expired go a
                    // second's worth at a time, at the cost of whoever comes then.
                    .executor(Runnable::run)
                    .expireAfter(
                            Expiry.<Nonce, Long>writing(
                                    (nonce, millisLeft) -> Duration.ofMillis(millisLeft + 1_000)))
                    .build();

    /**
     * Notes the request.
     *
     * @param text 32 hexadecimal digits
     * @param expiresMillis wall clock
     * @param nowMillis wall clock
     * @throws AnnexException INVALID_AUTHORIZATION if it has expired, expires too late, or was seen
     */
    void admit(String text, long expiresMillis, long nowMillis) {
        long left = expiresMillis - nowMillis;
        if (left <= 0) {
            throw new AnnexException(
                    ErrorCode.INVALID_AUTHORIZATION,
                    "the request expired " + -left + " ms ago",
                    "If it was sent just now, the clocks of the database server and the sidecar"
                            + " differ.");
        }
        if (left > EXPIRY_MAX.toMillis()) {
            throw new AnnexException(
                    ErrorCode.INVALID_AUTHORIZATION,
                    "the request expires in "
                            + left
                            + " ms, allowed are at most "
                            + EXPIRY_MAX.toMillis(),
                    "If it was signed for less, the clocks of the database server and the sidecar"
                            + " differ.");
        }
        if (seen.asMap().putIfAbsent(parse(text), left) != null) {
            throw new AnnexException(
                    ErrorCode.INVALID_AUTHORIZATION,
                    "a request with this nonce was already answered",
                    "Every request needs a nonce of its own.");
        }
    }

    private static Nonce parse(String text) {
        try {
            if (text.length() == DIGITS) {
                return new Nonce(
                        HexFormat.fromHexDigitsToLong(text, 0, DIGITS / 2),
                        HexFormat.fromHexDigitsToLong(text, DIGITS / 2, DIGITS));
            }
        } catch (IllegalArgumentException e) {
            throw notANonce(text, e);
        }
        throw notANonce(text, null);
    }

    private static AnnexException notANonce(String text, @Nullable Throwable cause) {
        return new AnnexException(
                ErrorCode.INVALID_AUTHORIZATION,
                "the nonce has " + text.length() + " characters, expected 32 hexadecimal digits",
                null,
                cause);
    }
}
