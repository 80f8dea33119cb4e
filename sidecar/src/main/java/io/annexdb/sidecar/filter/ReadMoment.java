package io.annexdb.sidecar.filter;

import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads dates and timestamps of the ISO form, which PostgreSQL reads the same under every setting,
 * except for the zone of a text without one.
 */
final class ReadMoment {
    private static final LocalDate EPOCH = LocalDate.of(2000, 1, 1);
    private static final Pattern DATE = Pattern.compile("(\\d{4})-(\\d{2})-(\\d{2})");
    private static final Pattern MOMENT =
            Pattern.compile(
                    "(\\d{4}-\\d{2}-\\d{2})(?:["
                            + " T](\\d{2}):(\\d{2})(?::(\\d{2})(?:\\.(\\d{1,6}))?)?)?"
                            + "(Z|[+-]\\d{2}(?::?\\d{2})?)?");
    static final long MICROS_PER_DAY = 86_400_000_000L;

    private ReadMoment() {}

    /** Days since 2000-01-01. */
    static long date(String text) {
        Matcher matcher = DATE.matcher(text);
        if (!matcher.matches()) {
            throw unreadable(text);
        }
        try {
            LocalDate date =
                    LocalDate.of(
                            Integer.parseInt(matcher.group(1)),
                            Integer.parseInt(matcher.group(2)),
                            Integer.parseInt(matcher.group(3)));
            if (date.getYear() == 0) {
                throw unreadable(text);
            }
            return ChronoUnit.DAYS.between(EPOCH, date);
        } catch (DateTimeException e) {
            throw unreadable(text);
        }
    }

    /** Microseconds since 2000-01-01 of a text without a zone. */
    static long timestamp(String text) {
        Matcher matcher = MOMENT.matcher(text);
        if (!matcher.matches() || matcher.group(6) != null) {
            throw unreadable(text);
        }
        return micros(text, matcher);
    }

    /**
     * Microseconds since 2000-01-01, UTC.
     *
     * @param utc whether that is the zone of a text without one; else it is refused
     */
    static long timestamptz(String text, boolean utc) {
        Matcher matcher = MOMENT.matcher(text);
        if (!matcher.matches() || (matcher.group(6) == null && !utc)) {
            throw unreadable(text);
        }
        long local = micros(text, matcher);
        if (matcher.group(6) == null) {
            return local;
        }
        // A zone without a time: PostgreSQL does not take all of them.
        if (matcher.group(2) == null) {
            throw unreadable(text);
        }
        try {
            return local - ZoneOffset.of(matcher.group(6)).getTotalSeconds() * 1_000_000L;
        } catch (DateTimeException e) {
            throw unreadable(text);
        }
    }

    private static long micros(String text, Matcher matcher) {
        long days = date(matcher.group(1));
        if (matcher.group(2) == null) {
            return days * MICROS_PER_DAY;
        }
        String seconds = matcher.group(4) == null ? "00" : matcher.group(4);
        String fraction = matcher.group(5) == null ? "" : matcher.group(5);
        try {
            LocalDateTime time =
                    LocalDateTime.of(
                            2000,
                            1,
                            1,
                            Integer.parseInt(matcher.group(2)),
                            Integer.parseInt(matcher.group(3)),
                            Integer.parseInt(seconds));
            long micros = Long.parseLong((fraction + "000000").substring(0, 6));
            return days * MICROS_PER_DAY + time.toLocalTime().toSecondOfDay() * 1_000_000L + micros;
        } catch (DateTimeException e) {
            throw unreadable(text);
        }
    }

    private static RuntimeException unreadable(String text) {
        return Refusal.because(
                "'" + text + "' is not a date or timestamp of the form 2020-12-31 23:59:59+00");
    }
}
