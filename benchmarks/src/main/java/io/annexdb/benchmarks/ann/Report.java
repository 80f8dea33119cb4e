package io.annexdb.benchmarks.ann;

import io.annexdb.benchmarks.ann.dataset.Dataset;
import io.annexdb.benchmarks.ann.engine.Churned;
import io.annexdb.benchmarks.ann.engine.EngineProcess;
import io.annexdb.benchmarks.ann.engine.ResidentMemory;

import java.util.ArrayList;
import java.util.List;

/**
 * Everything that a run has found out.
 *
 * @param dataset the data
 * @param plan what was asked for
 * @param machine where it ran
 * @param results by engine and condition, in the order asked for
 * @param churns what became of indexes of which every row was replaced
 */
record Report(
        DatasetSummary dataset,
        BenchPlan plan,
        Machine machine,
        List<Result> results,
        List<Churn> churns) {
    Report {
        results = List.copyOf(results);
        churns = List.copyOf(churns);
    }

    /** The results that engines are compared by: of the first condition, one for each entrant. */
    List<Result> compared() {
        return underCondition(plan.conditions().getFirst());
    }

    /** The results of one condition. */
    List<Result> underCondition(Condition condition) {
        return results.stream().filter(result -> result.condition().equals(condition)).toList();
    }

    /** The results of the other conditions, each with that of the same engine under the first. */
    List<Pair> againstFirstCondition() {
        List<Pair> pairs = new ArrayList<>();
        for (Result first : compared()) {
            for (Result other : results) {
                if (other.entrant().equals(first.entrant()) && !other.equals(first)) {
                    pairs.add(new Pair(other, first));
                }
            }
        }
        return pairs;
    }

    /** Two results of which the ratio is of interest. */
    record Pair(Result result, Result reference) {}

    /**
     * A churn.
     *
     * @param name of the engine
     * @param churned what became of it
     */
    record Churn(String name, Churned churned) {}

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
     * One engine under one condition.
     *
     * @param entrant which one
     * @param condition under what
     * @param name for people
     * @param built how its index was built
     * @param memory of its process after the measurements
     * @param curve its measurements
     */
    record Result(
            Entrant entrant,
            Condition condition,
            String name,
            EngineProcess.Built built,
            ResidentMemory memory,
            Curve curve) {}
}
