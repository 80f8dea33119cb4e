package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The ancestors of a server's timeline and where each was left, as {@code TIMELINE_HISTORY} sends
 * it: lines of parent timeline, switch point and reason, separated by tabs. Pure.
 */
record TimelineHistory(Map<Integer, Lsn> switchPoints) {
    TimelineHistory {
        switchPoints = Map.copyOf(switchPoints);
    }

    static TimelineHistory parse(String content) {
        Map<Integer, Lsn> switchPoints = new HashMap<>();
        content.lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                .forEach(line -> add(switchPoints, line));
        return new TimelineHistory(switchPoints);
    }

    /** Where the given timeline was left on the way to the server's; empty if it is no ancestor. */
    Optional<Lsn> leftAt(int timeline) {
        return Optional.ofNullable(switchPoints.get(timeline));
    }

    private static void add(Map<Integer, Lsn> switchPoints, String line) {
        String[] fields = line.split("\\s+", 3);
        try {
            switchPoints.put(Integer.parseInt(fields[0]), Lsn.parse(fields[1]));
        } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
            throw new AnnexException(
                    ErrorCode.DATA_CORRUPTED,
                    "timeline history line '" + line + "' has another form",
                    "Expected are a timeline, a switch point and a reason.",
                    e);
        }
    }
}
