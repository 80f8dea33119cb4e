package io.annexdb.benchmarks.ann.engine;

import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/** The write face of a live index, as a stream of changes uses it. For one thread. */
interface LiveRows {
    /** Gives a row another vector. */
    void replace(int row, float[] vector);

    /** Ends a transaction; from here on searches may be expected to see its rows. */
    void commit();

    /** Makes durable what was committed. */
    void sync();

    /** Rows that the graph does not have yet. */
    long fresh();

    /** Rows, slots and bytes, by name. */
    Map<String, Long> figures();

    /** Waits until at most so many rows are fresh. */
    default void awaitFresh(long most) {
        while (fresh() > most) {
            LockSupport.parkNanos(1_000_000);
        }
    }
}
