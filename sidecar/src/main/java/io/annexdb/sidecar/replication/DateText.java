package io.annexdb.sidecar.replication;

import java.time.LocalDate;
import java.util.Locale;

/**
 * PostgreSQL's dates and timestamps as its ISO text: days and microseconds since 2000-01-01, with
 * {@code infinity} at the ends of the range and years before 1 as {@code BC}.
 */
final class DateText {
    private static final LocalDate EPOCH = LocalDate.of(2000, 1, 1);
    private static final long MICROS_PER_DAY = 86_400_000_000L;

    private DateText() {}

    static String date(int days) {
        if (days == Integer.MAX_VALUE) {
            return "infinity";
        }
        if (days == Integer.MIN_VALUE) {
            return "-infinity";
        }
        LocalDate date = EPOCH.plusDays(days);
        return day(date) + era(date);
    }

    static String timestamp(long micros) {
        return moment(micros, "");
    }

    static String timestamptz(long micros) {
        return moment(micros, "+00");
    }

    private static String moment(long micros, String zone) {
        if (micros == Long.MAX_VALUE) {
            return "infinity";
        }
        if (micros == Long.MIN_VALUE) {
            return "-infinity";
        }
        LocalDate date = EPOCH.plusDays(Math.floorDiv(micros, MICROS_PER_DAY));
        return day(date) + " " + time(Math.floorMod(micros, MICROS_PER_DAY)) + zone + era(date);
    }

    private static String day(LocalDate date) {
        int year = date.getYear() > 0 ? date.getYear() : 1 - date.getYear();
        return String.format(
                Locale.ROOT, "%04d-%02d-%02d", year, date.getMonthValue(), date.getDayOfMonth());
    }

    private static String era(LocalDate date) {
        return date.getYear() > 0 ? "" : " BC";
    }

    private static String time(long micros) {
        long seconds = micros / 1_000_000;
        String text =
                String.format(
                        Locale.ROOT,
                        "%02d:%02d:%02d",
                        seconds / 3_600,
                        seconds / 60 % 60,
                        seconds % 60);
        int fraction = (int) (micros % 1_000_000);
        return fraction == 0 ? text : text + "." + withoutZeros(fraction);
    }

    private static String withoutZeros(int fraction) {
        String digits = String.format(Locale.ROOT, "%06d", fraction);
        int end = digits.length();
        while (digits.charAt(end - 1) == '0') {
            end--;
        }
        return digits.substring(0, end);
    }
}
