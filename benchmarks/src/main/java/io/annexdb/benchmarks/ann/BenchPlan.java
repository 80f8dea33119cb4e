package io.annexdb.benchmarks.ann;

import io.annexdb.benchmarks.ann.engine.EngineKind;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Method;

import java.util.List;

/**
 * What is measured, on whatever data set.
 *
 * @param engines which engines, in the order of the report
 * @param method annex's method
 * @param selectivity share of the rows that a filter lets pass; 1 for no filter
 * @param k neighbours asked for, 1 to 1,000
 * @param efs candidates kept by the search, ascending
 * @param threads searching threads, 1 to 1,024
 * @param buildThreads building threads, 1 to 1,024
 * @param m links per node, 4 to 100
 * @param efConstruction candidates when a node is linked, 8 to 2,000
 * @param passes measurements of every point, 1 to 1,000
 * @param minMillis least duration of a measurement, 0 to 600,000
 * @param warmUpSeconds searches before the first measurement, 0 to 600
 * @param profile whether to profile the searches afterwards
 */
record BenchPlan(
        List<EngineKind> engines,
        Method method,
        double selectivity,
        int k,
        List<Integer> efs,
        int threads,
        int buildThreads,
        int m,
        int efConstruction,
        int passes,
        int minMillis,
        int warmUpSeconds,
        boolean profile) {
    BenchPlan {
        engines = List.copyOf(engines);
        efs = List.copyOf(efs);
        if (!(selectivity > 0 && selectivity <= 1)) {
            throw invalid("--filter is " + selectivity, "It is a share: above 0, at most 1.");
        }
        check("--k", k, 1, 1000);
        efs.forEach(ef -> check("--ef", ef, 1, 100_000));
        check("--threads", threads, 1, 1024);
        check("--build-threads", buildThreads, 1, 1024);
        check("--m", m, 4, 100);
        check("--ef-construction", efConstruction, 8, 2000);
        check("--passes", passes, 1, 1000);
        check("--min-millis", minMillis, 0, 600_000);
        check("--warm-up-seconds", warmUpSeconds, 0, 600);
        if (engines.isEmpty() || efs.isEmpty()) {
            throw invalid("there is nothing to measure", "Give at least one engine and one ef.");
        }
    }

    boolean filtered() {
        return selectivity < 1;
    }

    private static void check(String name, int value, int least, int most) {
        if (value < least || value > most) {
            throw invalid(name + " is " + value, "It goes from %,d to %,d.".formatted(least, most));
        }
    }

    private static AnnexException invalid(String message, String hint) {
        return new AnnexException(ErrorCode.INVALID_PARAMETER_VALUE, message, hint);
    }
}
