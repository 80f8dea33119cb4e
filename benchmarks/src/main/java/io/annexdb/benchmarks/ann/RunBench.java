package io.annexdb.benchmarks.ann;

import io.annexdb.benchmarks.ann.dataset.ComputeGroundTruth;
import io.annexdb.benchmarks.ann.dataset.Dataset;
import io.annexdb.benchmarks.ann.engine.BuildRequest;
import io.annexdb.benchmarks.ann.engine.CompileHnswlib;
import io.annexdb.benchmarks.ann.engine.EngineKind;
import io.annexdb.benchmarks.ann.engine.EngineProcess;
import io.annexdb.benchmarks.ann.engine.LaunchEngine;
import io.annexdb.benchmarks.ann.engine.SearchRequest;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A whole run: exact neighbours, then every engine built, one after the other, then warm-up and
 * measurements in turns, then the report. The engines' files live in a folder that is removed.
 */
final class RunBench {
    private static final int PROFILE_MILLIS = 10_000;

    private RunBench() {}

    static Report run(Dataset dataset, BenchPlan plan, Path cache, PrintStream out)
            throws IOException {
        PrintReport print = new PrintReport(out);
        print.head(dataset, plan);
        JudgeRecall judge =
                new JudgeRecall(
                        dataset,
                        ComputeGroundTruth.run(dataset, plan.k(), plan.selectivity()),
                        plan);
        List<EngineKind> kinds = runnable(plan, print);
        Path folder = Files.createTempDirectory(Files.createDirectories(cache), "bench-");
        List<EngineProcess> engines = new ArrayList<>();
        try {
            List<Contender> contenders = new ArrayList<>();
            for (EngineKind kind : kinds) {
                EngineProcess engine = LaunchEngine.run(kind, dataBytes(dataset), folder, cache);
                engines.add(engine);
                contenders.add(build(engine, dataset, plan, folder));
            }
            MeasureCurves.run(contenders, plan, judge);
            Report report = report(dataset, plan, contenders);
            print.results(report);
            profile(engines, plan, print);
            return report;
        } finally {
            engines.forEach(EngineProcess::close);
            DeleteFolder.run(folder);
        }
    }

    private static List<EngineKind> runnable(BenchPlan plan, PrintReport print) {
        List<EngineKind> kinds = new ArrayList<>();
        for (EngineKind kind : plan.engines()) {
            Optional<String> obstacle = obstacle(kind, plan);
            obstacle.ifPresent(reason -> print.skipped(kind, reason));
            if (obstacle.isEmpty()) {
                kinds.add(kind);
            }
        }
        if (kinds.isEmpty()) {
            throw new AnnexException(
                    ErrorCode.INVALID_PARAMETER_VALUE,
                    "none of the engines can run",
                    "The reasons are above; annex, lucene and jvector run everywhere.");
        }
        return kinds;
    }

    private static Optional<String> obstacle(EngineKind kind, BenchPlan plan) {
        if (plan.filtered() && !kind.filters()) {
            return Optional.of("it cannot filter");
        }
        return kind == EngineKind.HNSWLIB ? CompileHnswlib.missing() : Optional.empty();
    }

    private static Contender build(
            EngineProcess engine, Dataset dataset, BenchPlan plan, Path folder) throws IOException {
        Path directory = Files.createDirectories(folder.resolve(engine.kind().engineName()));
        EngineProcess.Built built =
                engine.build(
                        new BuildRequest(
                                dataset.base().path(),
                                directory,
                                dataset.metric(),
                                plan.method(),
                                plan.m(),
                                plan.efConstruction(),
                                plan.buildThreads(),
                                plan.selectivity()));
        engine.load(dataset.queries().path());
        return new Contender(engine, built, new Curve(plan.efs()));
    }

    private static Report report(Dataset dataset, BenchPlan plan, List<Contender> contenders) {
        List<Report.Result> results = new ArrayList<>();
        for (Contender contender : contenders) {
            results.add(
                    new Report.Result(
                            contender.engine().kind(),
                            contender.built(),
                            contender.engine().residentMemory(),
                            contender.curve()));
        }
        return new Report(
                Report.DatasetSummary.of(dataset),
                plan,
                Machine.here(LaunchEngine.jvmFlags(dataBytes(dataset))),
                results);
    }

    private static void profile(List<EngineProcess> engines, BenchPlan plan, PrintReport print)
            throws IOException {
        if (!plan.profile()) {
            return;
        }
        int ef = plan.efs().get(plan.efs().size() / 2);
        SearchRequest request = new SearchRequest(plan.k(), ef, plan.threads(), PROFILE_MILLIS);
        for (EngineProcess engine : engines) {
            if (engine.kind() != EngineKind.HNSWLIB) {
                print.profile(engine.kind(), ef, engine.profile(request));
            }
        }
    }

    private static long dataBytes(Dataset dataset) {
        return (long) dataset.base().rows() * dataset.base().dimension() * Float.BYTES;
    }
}
