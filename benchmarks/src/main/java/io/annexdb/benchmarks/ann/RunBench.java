package io.annexdb.benchmarks.ann;

import io.annexdb.benchmarks.ann.dataset.ComputeGroundTruth;
import io.annexdb.benchmarks.ann.dataset.Dataset;
import io.annexdb.benchmarks.ann.engine.BuildRequest;
import io.annexdb.benchmarks.ann.engine.ChurnRequest;
import io.annexdb.benchmarks.ann.engine.CompileHnswlib;
import io.annexdb.benchmarks.ann.engine.EngineKind;
import io.annexdb.benchmarks.ann.engine.EngineProcess;
import io.annexdb.benchmarks.ann.engine.LaunchEngine;
import io.annexdb.benchmarks.ann.engine.PgvectorServer;
import io.annexdb.benchmarks.ann.engine.SearchRequest;
import io.annexdb.benchmarks.server.WorkFolder;
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
    private static final long CHURN_SEED = 1;

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
        List<Entrant> entrants = runnable(plan, print);
        List<EngineProcess> engines = new ArrayList<>();
        try (WorkFolder work = WorkFolder.in(cache, "bench-");
                AutoCloseableEngines _ = () -> engines.forEach(EngineProcess::close)) {
            Path folder = work.path();
            List<Contender> contenders = new ArrayList<>();
            for (Entrant entrant : entrants) {
                EngineProcess engine =
                        LaunchEngine.run(
                                entrant.kind(), entrant.name(), heap(dataset, plan), folder, cache);
                engines.add(engine);
                EngineProcess.Built built = build(engine, entrant, dataset, plan, folder);
                contenders.addAll(contenders(entrant, engine, built, plan));
            }
            MeasureCurves.run(contenders, plan, judge);
            List<Report.Churn> churns = churn(contenders, plan, judge);
            Report report = report(dataset, plan, contenders, churns);
            print.results(report);
            profile(contenders, plan, print);
            return report;
        }
    }

    /** Engines have files open, so they end before the folder goes. */
    private interface AutoCloseableEngines extends AutoCloseable {
        @Override
        void close();
    }

    private static List<Entrant> runnable(BenchPlan plan, PrintReport print) {
        List<Entrant> entrants = new ArrayList<>();
        for (Entrant entrant : plan.entrants()) {
            Optional<String> obstacle = obstacle(entrant.kind(), plan);
            obstacle.ifPresent(reason -> print.skipped(entrant, reason));
            if (obstacle.isEmpty()) {
                entrants.add(entrant);
            }
        }
        if (entrants.isEmpty()) {
            throw new AnnexException(
                    ErrorCode.INVALID_PARAMETER_VALUE,
                    "none of the engines can run",
                    "The reasons are above; annex, lucene and jvector run everywhere.");
        }
        return entrants;
    }

    private static Optional<String> obstacle(EngineKind kind, BenchPlan plan) {
        if (plan.filtered() && !kind.filters()) {
            return Optional.of("it cannot filter");
        }
        return switch (kind) {
            case ANNEX, LUCENE, JVECTOR, ANNEX_SQL -> Optional.empty();
            case HNSWLIB -> CompileHnswlib.missing();
            case PGVECTOR -> PgvectorServer.missing();
        };
    }

    private static EngineProcess.Built build(
            EngineProcess engine, Entrant entrant, Dataset dataset, BenchPlan plan, Path folder)
            throws IOException {
        Path directory = Files.createDirectories(folder.resolve(entrant.name().replace(':', '-')));
        EngineProcess.Built built =
                engine.build(
                        new BuildRequest(
                                dataset.base().path(),
                                directory,
                                dataset.metric(),
                                entrant.method(),
                                entrant.quantization(),
                                plan.vectors(),
                                plan.m(),
                                plan.efConstruction(),
                                plan.buildThreads(),
                                plan.selectivity(),
                                plan.byNamespace()));
        engine.load(dataset.queries().path());
        return built;
    }

    private static List<Contender> contenders(
            Entrant entrant, EngineProcess engine, EngineProcess.Built built, BenchPlan plan) {
        return plan.conditions().stream()
                .filter(condition -> !condition.writes() || entrant.kind().isLive())
                .map(condition -> new Contender(entrant, engine, built, condition, plan))
                .toList();
    }

    /** Replaces the rows of the live engines and measures them again; adds those contenders. */
    private static List<Report.Churn> churn(
            List<Contender> contenders, BenchPlan plan, JudgeRecall judge) throws IOException {
        List<Report.Churn> churns = new ArrayList<>();
        List<Contender> churned = new ArrayList<>();
        Condition first = plan.conditions().getFirst();
        for (Contender contender : contenders) {
            boolean takesPart =
                    plan.churns() > 0
                            && contender.entrant().kind().isLive()
                            && contender.condition().equals(first);
            if (takesPart) {
                ChurnRequest request =
                        new ChurnRequest(plan.churns(), CHURN_SEED, plan.buildThreads());
                churns.add(new Report.Churn(contender.name(), contender.engine().churn(request)));
                churned.add(
                        new Contender(
                                contender.entrant(),
                                contender.engine(),
                                contender.built(),
                                first.afterChurn(),
                                plan));
            }
        }
        if (!churned.isEmpty()) {
            MeasureCurves.run(churned, plan, judge);
            contenders.addAll(churned);
        }
        return churns;
    }

    private static Report report(
            Dataset dataset,
            BenchPlan plan,
            List<Contender> contenders,
            List<Report.Churn> churns) {
        List<Report.Result> results = new ArrayList<>();
        for (Contender contender : contenders) {
            results.add(
                    new Report.Result(
                            contender.entrant(),
                            contender.condition(),
                            contender.name(),
                            contender.built(),
                            contender.engine().residentMemory(),
                            contender.curve()));
        }
        return new Report(
                Report.DatasetSummary.of(dataset),
                plan,
                Machine.here(LaunchEngine.jvmFlags(heap(dataset, plan))),
                results,
                churns);
    }

    private static void profile(List<Contender> contenders, BenchPlan plan, PrintReport print)
            throws IOException {
        if (!plan.profile()) {
            return;
        }
        Condition condition = plan.conditions().getFirst();
        int ef = plan.efs().get(plan.efs().size() / 2);
        SearchRequest request =
                new SearchRequest(plan.k(), ef, condition.threads(), PROFILE_MILLIS, 0);
        for (Contender contender : contenders) {
            boolean isJava =
                    contender.entrant().kind() != EngineKind.HNSWLIB
                            && !contender.entrant().kind().isServer();
            if (isJava && contender.condition().equals(condition)) {
                print.profile(contender.name(), ef, contender.engine().profile(request));
            }
        }
    }

    private static int heap(Dataset dataset, BenchPlan plan) {
        long bytes = (long) dataset.base().rows() * dataset.base().dimension() * Float.BYTES;
        return plan.heapMegabytes() > 0 ? plan.heapMegabytes() : LaunchEngine.heapMegabytes(bytes);
    }
}
