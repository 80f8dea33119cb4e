package io.annexdb.benchmarks.ann.dataset;

import java.io.IOException;

/** Takes vectors, one at a time. */
@FunctionalInterface
interface VectorSink {
    /** Takes a copy of the vector; the caller may reuse the array. */
    void accept(float[] vector) throws IOException;
}
