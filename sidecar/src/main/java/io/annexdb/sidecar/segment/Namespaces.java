package io.annexdb.sidecar.segment;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntPredicate;

/**
 * The namespaces that have rows, by name and by number. One with its last row gone is forgotten,
 * and its number is given to no other: who still reads its list finds nobody else's rows there. One
 * writer, any number of readers.
 */
final class Namespaces {
    /** A list, its entry in the map, its name's string: measured, with small pointers. */
    private static final int OBJECT_BYTES = 136;

    private static final int BYTES_PER_NUMBER = 4;

    private final Map<String, SlotList> byName = new ConcurrentHashMap<>();

    /** By number - 1; null for those that are forgotten. */
    private volatile @Nullable SlotList[] byNumber = new SlotList[16];

    private int numbers;
    private long counted;
    private volatile long listBytes;

    /** The namespace of that name, if it has rows. */
    @Nullable SlotList find(String name) {
        return byName.get(name);
    }

    /** The name of a namespace; null when it is forgotten. */
    @Nullable String name(int number) {
        SlotList list = byNumber[number - 1];
        return list == null ? null : list.name();
    }

    /** The namespace of that name, for a row that is to come; null for none. */
    @Nullable SlotList of(@Nullable String name) {
        if (name == null) {
            return null;
        }
        SlotList list = byName.get(name);
        if (list == null) {
            list = new SlotList(name, ++numbers);
            if (numbers > byNumber.length) {
                byNumber = Arrays.copyOf(byNumber, Math.multiplyExact(byNumber.length, 2));
            }
            byNumber[numbers - 1] = list;
            byName.put(name, list);
            count(bytes(list));
        }
        return list;
    }

    /** A row came. */
    void add(SlotList list, int slot) {
        long before = list.bytes();
        list.add(slot);
        count(list.bytes() - before);
    }

    /**
     * A row has gone.
     *
     * @param stays which slots are still the namespace's
     */
    void leave(int number, IntPredicate stays) {
        SlotList list = byNumber[number - 1];
        if (list == null) {
            return;
        }
        long before = list.bytes();
        list.gone(stays);
        count(list.bytes() - before);
        if (list.live() == 0) {
            byName.remove(list.name());
            byNumber[number - 1] = null;
            count(-bytes(list));
        }
    }

    /** Memory in bytes, as a JVM has it that is not very large. */
    long bytes() {
        return listBytes + (long) byNumber.length * BYTES_PER_NUMBER;
    }

    private static long bytes(SlotList list) {
        return OBJECT_BYTES + list.name().length() + list.bytes();
    }

    private void count(long more) {
        counted += more;
        listBytes = counted;
    }
}
