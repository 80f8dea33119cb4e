package io.annexdb.sidecar.filter;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/** Reads {@code {1,NULL,"a b"}}: an array literal of one dimension. */
final class ReadArrayText {
    private final String text;
    private int at = 1;

    private ReadArrayText(String text) {
        this.text = text;
    }

    /** The elements as text, null for NULL. */
    static List<@Nullable String> of(String literal) {
        String text = literal.strip();
        if (text.length() < 2 || !text.startsWith("{") || !text.endsWith("}")) {
            throw Refusal.because("it has an array that is not of the form {a,b}");
        }
        return new ReadArrayText(text).elements();
    }

    private List<@Nullable String> elements() {
        List<@Nullable String> elements = new ArrayList<>();
        if (text.substring(1, text.length() - 1).isBlank()) {
            return elements;
        }
        do {
            elements.add(element());
        } while (text.charAt(at++) == ',');
        if (at != text.length()) {
            throw Refusal.because("it has an array that goes on after its end");
        }
        return elements;
    }

    private @Nullable String element() {
        blanks();
        boolean quoted = text.charAt(at) == '"';
        String element = quoted ? quoted() : plain();
        blanks();
        char next = text.charAt(at);
        if (next != ',' && next != '}') {
            throw Refusal.because("it has an array with '" + next + "' between elements");
        }
        return !quoted && element.equalsIgnoreCase("null") ? null : element;
    }

    private String quoted() {
        StringBuilder element = new StringBuilder();
        for (at++; at < text.length(); at++) {
            char next = text.charAt(at);
            if (next == '"') {
                at++;
                return element.toString();
            }
            if (next == '\\') {
                at++;
            }
            if (at < text.length()) {
                element.append(text.charAt(at));
            }
        }
        throw Refusal.because("it has an array with a quote that is not closed");
    }

    private String plain() {
        int start = at;
        while (",{}\"\\".indexOf(text.charAt(at)) < 0) {
            at++;
        }
        String element = text.substring(start, at).strip();
        if (element.isEmpty()) {
            throw Refusal.because("it has an array with an empty element");
        }
        return element;
    }

    private void blanks() {
        while (" \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }
}
