package io.annexdb.sidecar.ingest;

import java.util.Set;

/** Work that may wait for long, for transactions of others or for a whole table to be read. */
interface SlowJob {
    /** Does it; an exception means that it is to be tried again later. */
    void run() throws Exception;

    /** Process that is making a slot for it, or 0. */
    int slotProcessId();

    /** The indexes that wait for it. */
    Set<Long> indexes();

    /** What it does now, for people. */
    String phase();

    /** Rows of its table read per second in this phase; 0 when it reads none. */
    double rowsPerSecond();

    /** For messages, for example {@code first copy of public.docs}. */
    String subject();

    /** Ends it soon; from any thread. */
    void cancel();
}
