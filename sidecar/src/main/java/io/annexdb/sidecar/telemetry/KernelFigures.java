package io.annexdb.sidecar.telemetry;

/**
 * How one kind of distance is computed.
 *
 * @param metric SQL name of the metric
 * @param elements what vectors consist of, for example float16
 * @param path simd or scalar
 * @param bits width of the registers; 64 for scalar
 */
public record KernelFigures(String metric, String elements, String path, int bits) {}
