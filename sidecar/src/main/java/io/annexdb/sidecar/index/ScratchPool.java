package io.annexdb.sidecar.index;

import io.annexdb.sidecar.hnsw.Scratch;

import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicInteger;

/** Scratch memory of searches: as many pieces as there were searches at the same time. */
final class ScratchPool {
    private final ConcurrentLinkedDeque<Scratch> free = new ConcurrentLinkedDeque<>();
    private final AtomicInteger searching = new AtomicInteger();

    Scratch take() {
        searching.incrementAndGet();
        Scratch scratch = free.pollFirst();
        return scratch == null ? new Scratch() : scratch;
    }

    void giveBack(Scratch scratch) {
        free.offerFirst(scratch);
        searching.decrementAndGet();
    }

    /** Searches running now. */
    int searching() {
        return searching.get();
    }
}
