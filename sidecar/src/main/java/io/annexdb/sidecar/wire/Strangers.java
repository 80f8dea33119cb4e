package io.annexdb.sidecar.wire;

import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The connections that have not proven the secret yet, oldest first, and no more than a limit. They
 * have room of their own, so they cannot use up that of sessions; and where it is full, whoever has
 * the most of it gives way, so that one address cannot shut out the others.
 *
 * @param <C> a connection
 */
final class Strangers<C> {
    /** A login takes some milliseconds; one that has had so long is not about to succeed. */
    static final Duration PATIENCE = Duration.ofSeconds(1);

    private record Stranger(ClientAddress address, long sinceNanos) {}

    private final int limit;
    private final Map<C, Stranger> waiting = new LinkedHashMap<>();
    private final Map<ClientAddress, Integer> counts = new HashMap<>();

    Strangers(int limit) {
        this.limit = limit;
    }

    /**
     * Takes a newcomer in.
     *
     * @return empty when there was room, else the connection to close: the oldest of the address
     *     that has the most, or the newcomer itself, which then is not taken in
     */
    synchronized Optional<C> add(C newcomer, ClientAddress address, long nowNanos) {
        Optional<C> leaving = Optional.empty();
        if (waiting.size() >= limit) {
            leaving = Optional.of(displaced(newcomer, address, nowNanos));
            if (leaving.get().equals(newcomer)) {
                return leaving;
            }
            remove(leaving.get());
        }
        waiting.put(newcomer, new Stranger(address, nowNanos));
        counts.merge(address, 1, Integer::sum);
        return leaving;
    }

    /** Forgets one that has proven the secret, or left. */
    synchronized void remove(C connection) {
        Stranger stranger = waiting.remove(connection);
        if (stranger != null) {
            counts.computeIfPresent(
                    stranger.address, (address, count) -> count == 1 ? null : count - 1);
        }
    }

    private C displaced(C newcomer, ClientAddress address, long nowNanos) {
        int most = counts.values().stream().mapToInt(Integer::intValue).max().orElse(0);
        boolean hasFewer = counts.getOrDefault(address, 0) + 1 < most;
        for (Map.Entry<C, Stranger> entry : waiting.entrySet()) {
            Stranger stranger = entry.getValue();
            boolean isLate = nowNanos - stranger.sinceNanos > PATIENCE.toNanos();
            if (counts.getOrDefault(stranger.address, 0) == most && (hasFewer || isLate)) {
                return entry.getKey();
            }
        }
        return newcomer;
    }
}
