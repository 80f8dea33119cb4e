package io.annexdb.benchmarks.ann.dataset;

import io.annexdb.sidecar.model.Metric;

import java.nio.file.Path;

/**
 * A data set as the engines get it.
 *
 * @param name for people
 * @param description how it was made
 * @param metric the distance; under cosine every vector has unit length
 * @param base the rows to index; a row's number is its id
 * @param queries the queries, none of them a row
 * @param folder its place in the cache
 */
public record Dataset(
        String name,
        String description,
        Metric metric,
        VectorFile base,
        VectorFile queries,
        Path folder)
        implements AutoCloseable {
    @Override
    public void close() {
        base.close();
        queries.close();
    }
}
