package io.annexdb.benchmarks.ann;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.VectorStorage;

import java.util.List;

/**
 * What is measured, on whatever data set.
 *
 * @param entrants which engines, in the order of the report
 * @param conditions under what each is measured; the first one is what peers are compared under
 * @param vectors where annex's vectors lie
 * @param churns how often every row is replaced after that, 0 to 100
 * @param selectivity share of the rows that a filter lets pass; 1 for no filter
 * @param byNamespace whether annex filters by a namespace and not by an included column
 * @param k neighbours asked for, 1 to 1,000
 * @param efs candidates kept by the search, ascending
 * @param recalls recalls that engines are compared at, above 0, at most 1, ascending
 * @param buildThreads building threads, 1 to 1,024
 * @param m links per node, 4 to 100
 * @param efConstruction candidates when a node is linked, 8 to 2,000
 * @param passes measurements of every point, 1 to 1,000
 * @param minMillis least duration of a measurement, 0 to 600,000
 * @param warmUpSeconds searches before the first measurement, 0 to 600
 * @param heapMegabytes limit of every Java engine's heap, from 64; 0 for one by the data's size
 * @param profile whether to profile the searches afterwards
 */
record BenchPlan(
        List<Entrant> entrants,
        List<Condition> conditions,
        VectorStorage vectors,
        int churns,
        double selectivity,
        boolean byNamespace,
        int k,
        List<Integer> efs,
        List<Double> recalls,
        int buildThreads,
        int m,
        int efConstruction,
        int passes,
        int minMillis,
        int warmUpSeconds,
        int heapMegabytes,
        boolean profile) {
    BenchPlan {
        entrants = List.copyOf(entrants);
        conditions = List.copyOf(conditions);
        efs = List.copyOf(efs);
        recalls = List.copyOf(recalls);
        checkShare("--filter", selectivity);
        if (selectivity < 0.000_001) {
            throw invalid("--filter is " + selectivity, "A millionth is the least.");
        }
        recalls.forEach(recall -> checkShare("--recalls", recall));
        check("--k", k, 1, 1000);
        efs.forEach(ef -> check("--ef", ef, 1, 100_000));
        conditions.forEach(BenchPlan::check);
        check("--churn", churns, 0, 100);
        check("--build-threads", buildThreads, 1, 1024);
        check("--m", m, 4, 100);
        check("--ef-construction", efConstruction, 8, 2000);
        check("--passes", passes, 1, 1000);
        check("--min-millis", minMillis, 0, 600_000);
        check("--warm-up-seconds", warmUpSeconds, 0, 600);
        if (heapMegabytes != 0) {
            check("--heap", heapMegabytes, 64, 1 << 20);
        }
        if (entrants.isEmpty() || efs.isEmpty() || conditions.isEmpty()) {
            throw invalid("there is nothing to measure", "Give at least one engine and one ef.");
        }
        if (churns > 0 && selectivity < 1) {
            throw invalid(
                    "--churn and --filter are given together",
                    "A churn moves vectors between rows, and so into and out of the filter; leave"
                            + " one of them out.");
        }
    }

    boolean filtered() {
        return selectivity < 1;
    }

    private static void check(Condition condition) {
        check("--threads", condition.threads(), 1, 1024);
        check("--writer", condition.writerRowsPerSecond(), 0, 1_000_000);
    }

    private static void check(String name, int value, int least, int most) {
        if (value < least || value > most) {
            throw invalid(name + " is " + value, "It goes from %,d to %,d.".formatted(least, most));
        }
    }

    private static void checkShare(String name, double value) {
        if (!(value > 0 && value <= 1)) {
            throw invalid(name + " is " + value, "It is a share: above 0, at most 1.");
        }
    }

    private static AnnexException invalid(String message, String hint) {
        return new AnnexException(ErrorCode.INVALID_PARAMETER_VALUE, message, hint);
    }
}
