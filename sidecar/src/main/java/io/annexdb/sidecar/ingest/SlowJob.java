package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.model.IndexActivity;

import org.jspecify.annotations.Nullable;

import java.util.Set;

/** Work that may wait for long, for transactions of others or for whole tables to be read. */
interface SlowJob {
    /** Does it; an exception means that it is to be tried again later. */
    void run() throws Exception;

    /** Process that is making a slot for it, or 0. */
    int slotProcessId();

    /** The indexes that wait for it. */
    Set<Long> indexes();

    /**
     * What it does now for one of them.
     *
     * @param waitsFor whose transactions it waits for; null when for none
     */
    IndexActivity activity(long indexId, @Nullable String waitsFor);

    /** For messages, for example {@code Copy of public.docs for index docs_v}. */
    String subject();

    /** Ends it soon; from any thread. */
    void cancel();
}
