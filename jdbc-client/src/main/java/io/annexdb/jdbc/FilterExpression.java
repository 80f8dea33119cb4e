package io.annexdb.jdbc;

import org.jspecify.annotations.Nullable;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Replaces the placeholders {@code ?} of an SQL expression by literals. A question mark inside a
 * string, a quoted identifier, a dollar-quoted string or a comment is no placeholder, and {@code
 * ??} is the operator {@code ?}, as in pgjdbc.
 *
 * <p>The filter travels as text inside a function's argument, where the protocol's own parameters
 * cannot reach; therefore literals.
 */
final class FilterExpression {
    private static final Pattern DOLLAR_TAG =
            Pattern.compile("\\$(?:[\\p{L}_][\\p{L}\\p{N}_]*)?\\$");

    private final String text;
    private final @Nullable Object[] parameters;
    private final StringBuilder sql = new StringBuilder();
    private int position;
    private int used;

    private FilterExpression(String text, @Nullable Object[] parameters) {
        this.text = text;
        this.parameters = parameters;
    }

    static String bind(String expression, @Nullable Object[] parameters) {
        return new FilterExpression(expression, parameters).bind();
    }

    private String bind() {
        while (position < text.length()) {
            char next = text.charAt(position);
            if (next == '?') {
                placeholder();
            } else {
                int end = endOfToken(next);
                sql.append(text, position, end);
                position = end;
            }
        }
        if (used != parameters.length) {
            throw wrongCount();
        }
        return sql.toString();
    }

    private void placeholder() {
        if (text.startsWith("??", position)) {
            sql.append('?');
            position += 2;
            return;
        }
        if (used == parameters.length) {
            throw wrongCount();
        }
        sql.append(SqlLiteral.of(parameters[used]));
        used++;
        position++;
    }

    private int endOfToken(char first) {
        return switch (first) {
            case '\'' -> endOfQuoted('\'', followsEscapePrefix());
            case '"' -> endOfQuoted('"', false);
            case '$' -> endOfDollarQuoted();
            case '-' -> text.startsWith("--", position) ? endOfLine() : position + 1;
            case '/' -> text.startsWith("/*", position) ? endOfBlockComment() : position + 1;
            default -> position + 1;
        };
    }

    /**
     * Whether the quote at the position opens an {@code E'...'} string, where a backslash escapes.
     */
    private boolean followsEscapePrefix() {
        if (position == 0 || Character.toUpperCase(text.charAt(position - 1)) != 'E') {
            return false;
        }
        return position == 1 || !isWordPart(text.charAt(position - 2));
    }

    private int endOfQuoted(char quote, boolean backslashEscapes) {
        for (int i = position + 1; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\' && backslashEscapes) {
                i++;
            } else if (c == quote) {
                return i + 1;
            }
        }
        throw unterminated(quote + "…" + quote);
    }

    private int endOfDollarQuoted() {
        if (position > 0 && isWordPart(text.charAt(position - 1))) {
            return position + 1;
        }
        Matcher tag = DOLLAR_TAG.matcher(text).region(position, text.length());
        if (!tag.lookingAt()) {
            return position + 1;
        }
        int close = text.indexOf(tag.group(), tag.end());
        if (close < 0) {
            throw unterminated(tag.group() + "…" + tag.group());
        }
        return close + tag.group().length();
    }

    private int endOfLine() {
        int newline = text.indexOf('\n', position);
        return newline < 0 ? text.length() : newline;
    }

    /** Block comments nest in PostgreSQL. */
    private int endOfBlockComment() {
        int depth = 0;
        int i = position;
        while (i < text.length()) {
            if (text.startsWith("/*", i)) {
                depth++;
                i += 2;
            } else if (text.startsWith("*/", i)) {
                depth--;
                i += 2;
                if (depth == 0) {
                    return i;
                }
            } else {
                i++;
            }
        }
        throw unterminated("/*…*/");
    }

    private static boolean isWordPart(char c) {
        return Character.isLetterOrDigit(c) || c == '_' || c == '$';
    }

    private IllegalArgumentException wrongCount() {
        return new IllegalArgumentException(
                "filter has another number of placeholders than the "
                        + parameters.length
                        + " parameters given: "
                        + text
                        + " (write ?? for the operator ?)");
    }

    private IllegalArgumentException unterminated(String form) {
        return new IllegalArgumentException(
                "filter has an unterminated "
                        + form
                        + " from character "
                        + (position + 1)
                        + ": "
                        + text);
    }
}
