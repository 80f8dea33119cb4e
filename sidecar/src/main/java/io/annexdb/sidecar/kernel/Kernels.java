package io.annexdb.sidecar.kernel;

import io.annexdb.sidecar.model.Metric;

import jdk.incubator.vector.FloatVector;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The one choice of kernels, with its reason: SIMD at the widest register of the machine after a
 * self-test against the specification, else scalar, and then the log says so aloud.
 */
public sealed interface Kernels permits Kernels.Simd, Kernels.Scalar {
    /** SIMD kernels of a register width in bits. */
    record Simd(int bits, Map<Metric, Kernel> byMetric, String reason) implements Kernels {}

    /** Scalar kernels. */
    record Scalar(Map<Metric, Kernel> byMetric, String reason) implements Kernels {}

    Map<Metric, Kernel> byMetric();

    /** Why these, for people. */
    String reason();

    default Kernel of(Metric metric) {
        return Objects.requireNonNull(byMetric().get(metric));
    }

    /** The kernels of this machine, chosen when first asked for. */
    static Kernels ofMachine() {
        return Chosen.KERNELS;
    }

    /**
     * Kernels of at most this width, which must pass the self-test.
     *
     * @param bitsMax 0 for scalar ones, or 128, 256, 512
     */
    static Kernels choose(int bitsMax) {
        Logger log = LoggerFactory.getLogger(Kernels.class);
        if (bitsMax < 128) {
            return new Scalar(scalar(), "SIMD is switched off");
        }
        try {
            int bits = Math.min(bitsMax, FloatVector.SPECIES_PREFERRED.vectorBitSize());
            Map<Metric, Kernel> kernels = simd(bits);
            kernels.forEach(SelfTest::check);
            String reason = bits + "-bit registers, self-test passed";
            log.info("distance kernels: SIMD, {}", reason);
            return new Simd(bits, kernels, reason);
        } catch (RuntimeException | LinkageError e) {
            log.error(
                    "distance kernels: SCALAR, searches will be about ten times slower; run the JVM"
                            + " with --add-modules=jdk.incubator.vector",
                    e);
            return new Scalar(scalar(), "SIMD failed: " + e);
        }
    }

    private static Map<Metric, Kernel> scalar() {
        Map<Metric, Kernel> kernels = new EnumMap<>(Metric.class);
        for (Metric metric : Metric.values()) {
            kernels.put(metric, new ScalarKernel(metric));
        }
        return kernels;
    }

    private static Map<Metric, Kernel> simd(int bits) {
        Map<Metric, Kernel> kernels = new EnumMap<>(Metric.class);
        try (InputStream template = Kernels.class.getResourceAsStream("SimdKernel.class")) {
            byte[] bytes = Objects.requireNonNull(template).readAllBytes();
            for (Metric metric : Metric.values()) {
                kernels.put(metric, load(bytes, bits, metric));
            }
            return kernels;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Kernel load(byte[] template, int bits, Metric metric) {
        try {
            MethodHandles.Lookup hidden =
                    MethodHandles.lookup()
                            .defineHiddenClassWithClassData(template, List.of(bits, metric), true);
            return (Kernel)
                    hidden.findConstructor(hidden.lookupClass(), MethodType.methodType(void.class))
                            .invoke();
        } catch (Throwable e) {
            throw new IllegalStateException("cannot load the kernel for " + metric, e);
        }
    }

    /** Defers the choice until it is asked for. */
    final class Chosen {
        private static final Kernels KERNELS = choose(Integer.getInteger("annex.kernel.bits", 512));

        private Chosen() {}
    }
}
