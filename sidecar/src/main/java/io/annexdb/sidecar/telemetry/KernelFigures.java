package io.annexdb.sidecar.telemetry;

/**
 * How one kind of distance is computed.
 *
 * @param metric SQL name of the metric, or <em>estimate</em> for distances from codes
 * @param elements what vectors consist of, for example float16, or which codes
 * @param path simd or scalar
 * @param bits width of the registers; 64 for scalar
 */
public record KernelFigures(String metric, String elements, String path, int bits) {}
