package io.annexdb.sidecar;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Locale;

/** Finds the option that someone meant who wrote another. */
final class Nearest {
    private Nearest() {}

    static Option option(String given) {
        String plain = plain(given);
        return Arrays.stream(Option.values())
                .min(Comparator.comparingInt(option -> distance(plain, plain(option.key()))))
                .orElseThrow();
    }

    private static String plain(String key) {
        return key.toLowerCase(Locale.ROOT).replaceAll("[^a-z]", "");
    }

    /** An abbreviation is as near as one wrong letter. */
    private static int distance(String given, String known) {
        return !given.isEmpty() && known.startsWith(given) ? 1 : edits(given, known);
    }

    /** Levenshtein distance, row by row. */
    private static int edits(String left, String right) {
        int[] row = new int[right.length() + 1];
        Arrays.setAll(row, i -> i);
        for (int l = 1; l <= left.length(); l++) {
            int diagonal = row[0];
            row[0] = l;
            for (int r = 1; r <= right.length(); r++) {
                int replaced = diagonal + (left.charAt(l - 1) == right.charAt(r - 1) ? 0 : 1);
                diagonal = row[r];
                row[r] = Math.min(replaced, Math.min(row[r], row[r - 1]) + 1);
            }
        }
        return row[right.length()];
    }
}
