package io.annexdb.benchmarks.ann;

import io.annexdb.benchmarks.ann.engine.EngineProcess;

/**
 * An engine that takes part: its process, its finished index, and the measurements as they come in.
 *
 * @param engine its process
 * @param built its index
 * @param curve its measurements
 */
record Contender(EngineProcess engine, EngineProcess.Built built, Curve curve) {}
