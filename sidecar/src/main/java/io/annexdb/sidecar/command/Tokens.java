package io.annexdb.sidecar.command;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Walks over the tokens of SQL text as PostgreSQL would, on the UTF-8 bytes themselves: a literal
 * of thousands of bytes is stepped over once, and copied only if it holds an escape.
 */
final class Tokens {
    enum Kind {
        WORD,
        QUOTED_NAME,
        STRING,
        NUMBER,
        PARAMETER,
        SYMBOL,
        END
    }

    private final byte[] sql;
    private final int limit;
    private int next;
    private Kind kind = Kind.END;
    private int start;
    private int end;
    private boolean escaped;
    private boolean backslashes;
    private byte quote;

    /** Stands before the first token of a heap buffer. */
    Tokens(ByteBuffer sql) {
        this.sql = sql.array();
        this.next = sql.arrayOffset() + sql.position();
        this.limit = sql.arrayOffset() + sql.limit();
        advance();
    }

    Kind kind() {
        return kind;
    }

    /** Goes to the next token. */
    void advance() {
        skipBlank();
        start = next;
        end = next;
        if (next == limit) {
            kind = Kind.END;
            return;
        }
        byte first = sql[next];
        if ((first == 'e' || first == 'E') && next + 1 < limit && sql[next + 1] == '\'') {
            next++;
            quoted(Kind.STRING, '\'', true);
        } else if (isWordStart(first)) {
            kind = Kind.WORD;
            run(Tokens::isWordPart);
        } else if (first >= '0' && first <= '9') {
            kind = Kind.NUMBER;
            run(Tokens::isNumberPart);
        } else if (first == '$' && next + 1 < limit && isDigit(sql[next + 1])) {
            kind = Kind.PARAMETER;
            next++;
            run(Tokens::isDigit);
        } else if (first == '\'') {
            quoted(Kind.STRING, '\'', false);
        } else if (first == '"') {
            quoted(Kind.QUOTED_NAME, '"', false);
        } else {
            kind = Kind.SYMBOL;
            end = ++next;
        }
    }

    boolean isWord(String lowerCase) {
        return kind == Kind.WORD && regionIs(lowerCase);
    }

    /** A word or a quoted name of exactly these letters; quoted ones keep their case. */
    boolean isName(String lowerCase) {
        return isWord(lowerCase) || (kind == Kind.QUOTED_NAME && bytes().equals(utf8(lowerCase)));
    }

    boolean isSymbol(char symbol) {
        return kind == Kind.SYMBOL && sql[start] == symbol;
    }

    /** Steps over the word if it is next. */
    boolean skipWord(String lowerCase) {
        boolean is = isWord(lowerCase);
        if (is) {
            advance();
        }
        return is;
    }

    boolean skipName(String lowerCase) {
        boolean is = isName(lowerCase);
        if (is) {
            advance();
        }
        return is;
    }

    boolean skipSymbol(char symbol) {
        boolean is = isSymbol(symbol);
        if (is) {
            advance();
        }
        return is;
    }

    /** The token without its quotes: a view if it holds no escape, else a copy. */
    ByteBuffer bytes() {
        if (!escaped) {
            return ByteBuffer.wrap(sql, start, end - start).slice();
        }
        byte[] plain = new byte[end - start];
        int length = 0;
        for (int i = start; i < end; i++) {
            boolean escape = sql[i] == quote || (backslashes && sql[i] == '\\');
            if (escape) {
                i++;
            }
            plain[length++] = sql[i];
        }
        return ByteBuffer.wrap(plain, 0, length).slice();
    }

    /** The token's text: a word in lower case, a literal or a name without its quotes. */
    String text() {
        ByteBuffer bytes = bytes();
        String text =
                new String(
                        bytes.array(),
                        bytes.arrayOffset(),
                        bytes.remaining(),
                        StandardCharsets.UTF_8);
        return kind == Kind.WORD ? text.toLowerCase(Locale.ROOT) : text;
    }

    /** What is left, beginning with this token, for a message to people. */
    String excerpt() {
        return new String(sql, start, Math.min(limit - start, 60), StandardCharsets.UTF_8);
    }

    private void skipBlank() {
        while (next < limit) {
            byte each = sql[next];
            if (each == ' ' || (each >= '\t' && each <= '\r')) {
                next++;
            } else if (startsWith("--")) {
                while (next < limit && sql[next] != '\n') {
                    next++;
                }
            } else if (startsWith("/*")) {
                skipComment();
            } else {
                return;
            }
        }
    }

    private void skipComment() {
        int depth = 0;
        do {
            if (startsWith("/*")) {
                depth++;
                next += 2;
            } else if (startsWith("*/")) {
                depth--;
                next += 2;
            } else if (next++ >= limit) {
                throw new AnnexException(ErrorCode.SYNTAX_ERROR, "unterminated /* comment", null);
            }
        } while (depth > 0);
    }

    private boolean startsWith(String two) {
        return limit - next >= 2 && sql[next] == two.charAt(0) && sql[next + 1] == two.charAt(1);
    }

    private interface Part {
        boolean is(byte each);
    }

    private void run(Part part) {
        do {
            next++;
        } while (next < limit && part.is(sql[next]));
        end = next;
        escaped = false;
    }

    /** Stands on the opening quote. A doubled quote, and in E'' a backslash, is an escape. */
    private void quoted(Kind as, char mark, boolean withBackslashes) {
        kind = as;
        quote = (byte) mark;
        escaped = false;
        backslashes = withBackslashes;
        start = ++next;
        while (next < limit) {
            byte each = sql[next];
            if (each == quote) {
                if (next + 1 == limit || sql[next + 1] != quote) {
                    end = next++;
                    return;
                }
                escaped = true;
                next += 2;
            } else if (withBackslashes && each == '\\') {
                simpleEscape();
                escaped = true;
                next += 2;
            } else {
                next++;
            }
        }
        throw new AnnexException(
                ErrorCode.SYNTAX_ERROR,
                as == Kind.STRING ? "unterminated quoted string" : "unterminated quoted name",
                null);
    }

    /** {@code quote_literal} writes {@code E'\\'} and nothing else with a backslash. */
    private void simpleEscape() {
        if (next + 1 < limit && sql[next + 1] != '\\' && sql[next + 1] != '\'') {
            throw new AnnexException(
                    ErrorCode.FEATURE_NOT_SUPPORTED,
                    "escape \\" + (char) sql[next + 1] + " in a string",
                    "Only \\\\ and \\' are understood here; use a plain '...' string.");
        }
    }

    private boolean regionIs(String lowerCase) {
        if (end - start != lowerCase.length()) {
            return false;
        }
        for (int i = 0; i < lowerCase.length(); i++) {
            int letter = sql[start + i];
            int lower = letter >= 'A' && letter <= 'Z' ? letter + ('a' - 'A') : letter;
            if (lower != lowerCase.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private static ByteBuffer utf8(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    private static boolean isWordStart(byte each) {
        return (each >= 'a' && each <= 'z')
                || (each >= 'A' && each <= 'Z')
                || each == '_'
                || each < 0;
    }

    private static boolean isWordPart(byte each) {
        return isWordStart(each) || isDigit(each) || each == '$';
    }

    private static boolean isNumberPart(byte each) {
        return isDigit(each) || each == '.';
    }

    private static boolean isDigit(byte each) {
        return each >= '0' && each <= '9';
    }
}
