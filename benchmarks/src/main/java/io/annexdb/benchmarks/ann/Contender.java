package io.annexdb.benchmarks.ann;

import io.annexdb.benchmarks.ann.engine.EngineProcess;

/**
 * An engine that takes part under one condition. The same process takes part once for each
 * condition.
 *
 * @param entrant which engine, and how it is set
 * @param engine its process
 * @param built its index
 * @param condition under what it is measured
 * @param name for people
 * @param curve its measurements
 */
record Contender(
        Entrant entrant,
        EngineProcess engine,
        EngineProcess.Built built,
        Condition condition,
        String name,
        Curve curve) {
    Contender(
            Entrant entrant,
            EngineProcess engine,
            EngineProcess.Built built,
            Condition condition,
            BenchPlan plan) {
        this(
                entrant,
                engine,
                built,
                condition,
                entrant.name() + condition.suffix(plan.conditions().getFirst()),
                new Curve(entrant.efs(plan.efs())));
    }
}
