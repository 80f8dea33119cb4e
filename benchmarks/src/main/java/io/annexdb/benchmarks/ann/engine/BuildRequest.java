package io.annexdb.benchmarks.ann.engine;

import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.model.Quantization;
import io.annexdb.sidecar.model.VectorStorage;

import java.nio.file.Path;

/**
 * What to build an index of, and how.
 *
 * @param base file of the rows
 * @param directory empty folder for the engine's files
 * @param metric the distance; under cosine, vectors have unit length
 * @param method annex's method; the peers build a graph whatever it is
 * @param quantization annex's quantization
 * @param vectors where annex's vectors lie
 * @param m links per node of the upper levels, twice as many below
 * @param efConstruction candidates looked at when a node is linked
 * @param threads threads that build
 * @param selectivity share of rows that pass the filter; 1 for no filter
 * @param byNamespace whether annex filters by a namespace and not by an included column
 */
public record BuildRequest(
        Path base,
        Path directory,
        Metric metric,
        Method method,
        Quantization quantization,
        VectorStorage vectors,
        int m,
        int efConstruction,
        int threads,
        double selectivity,
        boolean byNamespace) {
    boolean filtered() {
        return selectivity < 1;
    }

    Message encode() {
        return Message.of("build")
                .with("base", base)
                .with("directory", directory)
                .with("metric", metric.sqlName())
                .with("method", method.sqlName())
                .with("quantization", quantization.sqlName())
                .with("vectors", vectors.sqlName())
                .with("m", m)
                .with("ef_construction", efConstruction)
                .with("threads", threads)
                .with("selectivity", selectivity)
                .with("by_namespace", byNamespace);
    }

    static BuildRequest decode(Message message) {
        return new BuildRequest(
                message.path("base"),
                message.path("directory"),
                Metric.ofSqlName(message.text("metric")),
                Method.ofSqlName(message.text("method")),
                Quantization.ofSqlName(message.text("quantization")),
                VectorStorage.ofSqlName(message.text("vectors")),
                message.integer("m"),
                message.integer("ef_construction"),
                message.integer("threads"),
                message.decimal("selectivity"),
                Boolean.parseBoolean(message.text("by_namespace")));
    }
}
