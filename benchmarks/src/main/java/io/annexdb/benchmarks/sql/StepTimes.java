package io.annexdb.benchmarks.sql;

/**
 * Times of one step, in microseconds.
 *
 * @param p50Micros median of the median round
 * @param p95Micros 95th percentile of the same round
 * @param least smallest median of all rounds
 * @param most largest median of all rounds
 */
record StepTimes(double p50Micros, double p95Micros, double least, double most) {}
