package io.annexdb.sidecar.model;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The timeline that a server is on and those that it came from. Each promotion begins a timeline,
 * whose number two servers may choose for themselves; so it is the numbers together with the
 * positions at which they were left that say how far two logs are the same.
 *
 * @param timeline the server's, from 1
 * @param ancestors those before it, the oldest first; their numbers rise
 */
public record TimelineHistory(int timeline, List<Ancestor> ancestors) {
    /** Behind every position: where a timeline ends that has not been left. */
    public static final Lsn END = new Lsn(-1);

    /** A timeline and the position at which it was left for the next one. */
    public record Ancestor(int timeline, Lsn leftAt) {}

    /**
     * Checks the order.
     *
     * @throws IllegalArgumentException if the numbers do not rise
     */
    public TimelineHistory {
        ancestors = List.copyOf(ancestors);
        int before = 0;
        for (Ancestor ancestor : ancestors) {
            requireAfter(before, ancestor.timeline());
            before = ancestor.timeline();
        }
        requireAfter(before, timeline);
    }

    /** The first timeline of a cluster, which has no history. */
    public static TimelineHistory first() {
        return new TimelineHistory(1, List.of());
    }

    /**
     * Reads what {@code TIMELINE_HISTORY} sends: lines of a timeline, the position at which it was
     * left, and a reason, separated by tabs; the oldest first.
     *
     * @throws AnnexException DATA_CORRUPTED for anything else
     */
    public static TimelineHistory parse(int timeline, String content) {
        List<Ancestor> ancestors = new ArrayList<>();
        try {
            content.lines()
                    .map(String::strip)
                    .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                    .map(line -> line.split("\\s+", 3))
                    .forEach(fields -> ancestors.add(ancestor(fields[0], fields[1])));
            return new TimelineHistory(timeline, ancestors);
        } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
            throw new AnnexException(
                    ErrorCode.DATA_CORRUPTED,
                    "the history of timeline " + timeline + " has another form: " + content,
                    "Expected are lines of a timeline, a switch point and a reason.",
                    e);
        }
    }

    /**
     * Reads what {@link #text} wrote.
     *
     * @throws IllegalArgumentException for anything else
     */
    public static TimelineHistory parseText(String text) {
        String[] words = text.split(",", -1);
        List<Ancestor> ancestors = new ArrayList<>();
        for (String word : List.of(words).subList(0, words.length - 1)) {
            int at = word.indexOf('@');
            if (at < 0) {
                throw new IllegalArgumentException("not a timeline history: " + text);
            }
            ancestors.add(ancestor(word.substring(0, at), word.substring(at + 1)));
        }
        return new TimelineHistory(Integer.parseInt(words[words.length - 1]), ancestors);
    }

    /** One word: ancestors with the positions at which they were left, then the timeline. */
    public String text() {
        return ancestors.stream()
                .map(each -> each.timeline() + "@" + each.leftAt() + ",")
                .collect(Collectors.joining("", "", Integer.toString(timeline)));
    }

    /**
     * Up to which position two servers of one cluster have written the same log: {@link #END} when
     * they are on the same timeline, {@link Lsn#ZERO} when they have none in common.
     */
    public Lsn commonUntil(TimelineHistory other) {
        Lsn common = Lsn.ZERO;
        int most = Math.min(ancestors.size(), other.ancestors.size());
        for (int i = 0; i <= most; i++) {
            if (timelineAt(i) != other.timelineAt(i)) {
                return common;
            }
            Lsn ours = endOf(i);
            Lsn theirs = other.endOf(i);
            common = ours.isAtLeast(theirs) ? theirs : ours;
            if (!ours.equals(theirs)) {
                return common;
            }
        }
        return common;
    }

    /** Whether the other one is this one, or one that came from it. */
    public boolean isPartOf(TimelineHistory other) {
        int size = ancestors.size();
        return other.ancestors.size() >= size
                && other.ancestors.subList(0, size).equals(ancestors)
                && other.timelineAt(size) == timeline;
    }

    private int timelineAt(int i) {
        return i < ancestors.size() ? ancestors.get(i).timeline() : timeline;
    }

    private Lsn endOf(int i) {
        return i < ancestors.size() ? ancestors.get(i).leftAt() : END;
    }

    private static Ancestor ancestor(String timeline, String leftAt) {
        return new Ancestor(Integer.parseInt(timeline), Lsn.parse(leftAt));
    }

    private static void requireAfter(int before, int timeline) {
        if (timeline <= before) {
            throw new IllegalArgumentException("timeline " + timeline + " after " + before);
        }
    }
}
