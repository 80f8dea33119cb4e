package io.annexdb.benchmarks.ann.dataset;

import io.annexdb.sidecar.model.Metric;

import java.io.IOException;

/** Where a data set comes from. Each implementation documents its format or its recipe. */
public sealed interface DatasetSource
        permits FileSource, Hdf5Source, SyntheticClusters, WordNetMiniLm {
    /** Short name for people, for example the file's name. */
    String name();

    /** Names the cached copy: two sources with the same text give the same vectors. */
    String fingerprint();

    /** The distance that the data set is meant for. */
    Metric metric();

    /** How it was made, in one line, with every number needed to make it again. */
    String description();

    /**
     * Delivers the vectors.
     *
     * @param limits how many rows and queries to deliver at most
     */
    void deliver(Limits limits, VectorSink base, VectorSink queries) throws IOException;

    /**
     * How many vectors to take.
     *
     * @param rows base rows at most, from 1
     * @param queries queries at most, from 1
     */
    record Limits(int rows, int queries) {}
}
