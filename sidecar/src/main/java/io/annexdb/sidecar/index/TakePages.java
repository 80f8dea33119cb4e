package io.annexdb.sidecar.index;

import io.annexdb.sidecar.segment.VectorStore;

/**
 * Takes the memory of a generation's vectors from the system, on a thread of its own and beside the
 * replay that fills it: the system clears every page that it gives, and that was half of the time
 * in which a million rows were replayed.
 */
final class TakePages implements AutoCloseable {
    private static final int STEP_ROWS = 4_096;

    private final Generation generation;
    private final int rows;
    private final Thread thread;
    private volatile boolean closed;

    private TakePages(Generation generation, int rows) {
        this.generation = generation;
        this.rows = rows;
        this.thread = Thread.ofPlatform().daemon().name("annex-pages").unstarted(this::run);
    }

    /**
     * For a generation that will have so many rows.
     *
     * @throws io.annexdb.sidecar.model.AnnexException OUT_OF_RESOURCES if they do not fit the
     *     budget
     */
    static TakePages start(Generation generation, int rows) {
        generation.segment.vectors().ensure(rows);
        TakePages pages = new TakePages(generation, rows);
        pages.thread.start();
        return pages;
    }

    private void run() {
        VectorStore vectors = generation.segment.vectors();
        for (int first = 0; first < rows && !closed && generation.gate.enter(); ) {
            try {
                int end = Math.min(rows, first + STEP_ROWS);
                vectors.populate(first, end);
                first = end;
            } finally {
                generation.gate.exit();
            }
        }
    }

    /** It ends within a step; what it has not taken, the writer takes as it goes. */
    @Override
    public void close() {
        closed = true;
    }
}
