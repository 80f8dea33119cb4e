package io.annexdb.benchmarks.ann.engine;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What became of an index of which every row was replaced.
 *
 * @param seconds from the first row replaced until the last one was linked
 * @param replaced rows replaced in that time
 * @param notFound rows that a search for their own vector does not bring, k = 10 and ef = 100
 * @param unreachable of those, the rows that k = 1,000 and ef = 4,000 do not bring either
 * @param before rows, slots and bytes before
 * @param after the same afterwards
 */
public record Churned(
        double seconds,
        long replaced,
        long notFound,
        long unreachable,
        Map<String, Long> before,
        Map<String, Long> after) {
    private static final String BEFORE = "before.";
    private static final String AFTER = "after.";

    Message encode() {
        return Message.of("churned")
                .with("seconds", seconds)
                .with("replaced", replaced)
                .with("not_found", notFound)
                .with("unreachable", unreachable)
                .withAll(BEFORE, texts(before))
                .withAll(AFTER, texts(after));
    }

    static Churned decode(Message message) {
        return new Churned(
                message.decimal("seconds"),
                message.wide("replaced"),
                message.wide("not_found"),
                message.wide("unreachable"),
                numbers(message.all(BEFORE)),
                numbers(message.all(AFTER)));
    }

    private static Map<String, String> texts(Map<String, Long> numbers) {
        Map<String, String> texts = new LinkedHashMap<>();
        numbers.forEach((name, number) -> texts.put(name, Long.toString(number)));
        return texts;
    }

    private static Map<String, Long> numbers(Map<String, String> texts) {
        Map<String, Long> numbers = new LinkedHashMap<>();
        texts.forEach((name, text) -> numbers.put(name, Long.parseLong(text)));
        return numbers;
    }
}
