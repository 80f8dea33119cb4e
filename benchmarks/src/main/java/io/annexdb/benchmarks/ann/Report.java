package io.annexdb.benchmarks.ann;

import io.annexdb.benchmarks.ann.dataset.Dataset;
import io.annexdb.benchmarks.ann.engine.EngineKind;
import io.annexdb.benchmarks.ann.engine.EngineProcess;
import io.annexdb.benchmarks.ann.engine.ResidentMemory;

import java.util.List;

/**
 * Everything that a run has found out.
 *
 * @param dataset the data
 * @param plan what was asked for
 * @param machine where it ran
 * @param results by engine, in the order asked for
 */
record Report(DatasetSummary dataset, BenchPlan plan, Machine machine, List<Result> results) {
    /** The recalls that engines are compared at. */
    static final List<Double> RECALLS = List.of(0.95, 0.98, 0.99);

    Report {
        results = List.copyOf(results);
    }

    /**
     * A data set without its vectors.
     *
     * @param name for people
     * @param description how it was made
     * @param metric SQL name of the distance
     * @param rows base rows
     * @param dimension components
     * @param queries queries
     */
    record DatasetSummary(
            String name, String description, String metric, int rows, int dimension, int queries) {
        static DatasetSummary of(Dataset dataset) {
            return new DatasetSummary(
                    dataset.name(),
                    dataset.description(),
                    dataset.metric().sqlName(),
                    dataset.base().rows(),
                    dataset.base().dimension(),
                    dataset.queries().rows());
        }
    }

    /**
     * One engine.
     *
     * @param engine which one
     * @param built how its index was built
     * @param memory of its process after the measurements
     * @param curve its measurements
     */
    record Result(
            EngineKind engine, EngineProcess.Built built, ResidentMemory memory, Curve curve) {}
}
