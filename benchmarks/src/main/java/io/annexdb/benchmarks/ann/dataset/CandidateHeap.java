package io.annexdb.benchmarks.ann.dataset;

import java.util.Arrays;

/** Keeps the ids of the lowest scores seen: a binary heap with the highest of them on top. */
final class CandidateHeap {
    private final int[] ids;
    private final float[] scores;
    private int size;

    CandidateHeap(int capacity) {
        ids = new int[capacity];
        scores = new float[capacity];
    }

    void offer(int id, float score) {
        if (size < ids.length) {
            rise(size++, id, score);
        } else if (score < scores[0]) {
            sink(id, score);
        }
    }

    /** The kept ids, in no order. */
    int[] ids() {
        return Arrays.copyOf(ids, size);
    }

    private void rise(int start, int id, float score) {
        int place = start;
        while (place > 0 && scores[(place - 1) / 2] < score) {
            move((place - 1) / 2, place);
            place = (place - 1) / 2;
        }
        put(place, id, score);
    }

    private void sink(int id, float score) {
        int place = 0;
        int child = higherChild(place);
        while (child < size && scores[child] > score) {
            move(child, place);
            place = child;
            child = higherChild(place);
        }
        put(place, id, score);
    }

    private int higherChild(int place) {
        int left = 2 * place + 1;
        return left + 1 < size && scores[left + 1] > scores[left] ? left + 1 : left;
    }

    private void move(int from, int to) {
        ids[to] = ids[from];
        scores[to] = scores[from];
    }

    private void put(int place, int id, float score) {
        ids[place] = id;
        scores[place] = score;
    }
}
