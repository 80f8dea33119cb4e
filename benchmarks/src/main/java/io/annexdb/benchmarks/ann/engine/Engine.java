package io.annexdb.benchmarks.ann.engine;

import io.annexdb.benchmarks.ann.dataset.VectorFile;

import java.io.IOException;
import java.util.Map;
import java.util.Optional;

/** An engine in this process: built once, then searched by any number of threads. */
public sealed interface Engine extends AutoCloseable
        permits AnnexEngine, LuceneEngine, JVectorEngine, PgvectorEngine, AnnexSqlEngine {
    /** Every setting that matters, by name, for the report; complete after the build. */
    Map<String, String> parameters();

    /** Builds the index. Returns when it is complete: searches find every row by the graph. */
    void build(VectorFile base, BuildRequest request, BuildProgress progress) throws IOException;

    /** Memory or mapped files that a search needs: vectors, codes, graph, keys. */
    long bytes() throws IOException;

    /** A face for one thread. */
    Searcher<?> searcher() throws IOException;

    /** Its write face, if its rows can change while it is searched. */
    default Optional<LiveRows> live() {
        return Optional.empty();
    }

    @Override
    void close() throws IOException;

    /**
     * Searches for one thread.
     *
     * @param <A> what the engine's own interface answers with; its rows are read after the clock
     *     has stopped
     */
    interface Searcher<A> {
        A search(float[] query, int k, int ef) throws IOException;

        /** Row numbers of an answer, nearest first, k at most. */
        int[] rows(A answer, int k);
    }

    /** Told how far a build has come; cheap enough to call for every row. */
    interface BuildProgress {
        /**
         * Reports.
         *
         * @param task a word or two
         * @param done steps done
         * @param total steps in all; 0 when not known
         */
        void at(String task, long done, long total);
    }
}
