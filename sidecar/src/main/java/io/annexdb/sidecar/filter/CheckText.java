package io.annexdb.sidecar.filter;

/**
 * Refuses a filter whose tokens PostgreSQL might see otherwise than the parser does: prefixed and
 * dollar-quoted strings, backslashes before quotes, comments, names outside ASCII. Also bounds its
 * size.
 */
final class CheckText {
    private static final int LENGTH_MAX = 256 << 10;
    private static final int DEPTH_MAX = 50;
    private static final int NEGATIONS_MAX = 1_000;

    /** The parser takes a time that grows with the square of them. */
    private static final int QUALIFIERS_MAX = 1_000;

    private static final String PLAIN = " \t\r\n(),.<>=!+-&@:[]_";

    private final String text;
    private int at;
    private int depth;
    private int negations;
    private int qualifiers;

    private CheckText(String text) {
        this.text = text;
    }

    static void check(String text) {
        if (text.length() > LENGTH_MAX) {
            throw Refusal.because(
                    "it has " + text.length() + " characters, more than " + LENGTH_MAX);
        }
        new CheckText(text).run();
    }

    private void run() {
        while (at < text.length()) {
            char next = text.charAt(at);
            switch (next) {
                case '\'', '"' -> quoted(next);
                case '-' -> {
                    if (text.startsWith("--", at)) {
                        throw Refusal.because("it has a comment");
                    }
                    at++;
                }
                case '(', '[' -> {
                    if (++depth > DEPTH_MAX) {
                        throw Refusal.because("it nests more than " + DEPTH_MAX + " brackets");
                    }
                    at++;
                }
                case ')', ']' -> {
                    depth--;
                    at++;
                }
                default -> plain(next);
            }
        }
    }

    private void plain(char next) {
        boolean word = isWord(next);
        if (!word && PLAIN.indexOf(next) < 0) {
            throw Refusal.because("it has the character '" + next + "'");
        }
        if (text.regionMatches(true, at, "not", 0, 3) && ++negations > NEGATIONS_MAX) {
            throw Refusal.because("it has more than " + NEGATIONS_MAX + " negations");
        }
        if (next == '.' && at + 1 < text.length() && !Character.isDigit(text.charAt(at + 1))) {
            if (++qualifiers > QUALIFIERS_MAX) {
                throw Refusal.because("it has more than " + QUALIFIERS_MAX + " qualified names");
            }
        }
        at++;
    }

    private void quoted(char quote) {
        char before = at == 0 ? ' ' : text.charAt(at - 1);
        if (isWord(before) || before == '&' || before == '\'' || before == '"') {
            throw Refusal.because("it has a string with a prefix");
        }
        for (at++; at < text.length(); at++) {
            char next = text.charAt(at);
            if (next == quote) {
                if (at + 1 == text.length() || text.charAt(at + 1) != quote) {
                    at++;
                    return;
                }
                at++;
            } else if (next == '\\' && text.startsWith("'", at + 1)) {
                throw Refusal.because("a backslash stands before a quote");
            }
        }
        throw Refusal.because("a quote is not closed");
    }

    private static boolean isWord(char next) {
        return (next >= 'a' && next <= 'z')
                || (next >= 'A' && next <= 'Z')
                || (next >= '0' && next <= '9')
                || next == '_';
    }
}
