package io.annexdb.sidecar.kernel;

import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.Metric;

import jdk.incubator.vector.FloatVector;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The one choice of kernels, with its reason: SIMD at the widest register of the machine after a
 * self-test against the specification, else scalar, and then the log says so aloud.
 */
public sealed interface Kernels permits Kernels.Simd, Kernels.Scalar {
    /** Where all cores are busy, the compiler's translation of a kernel has to wait. */
    long WARM_UP_NANOS = 10_000_000_000L;

    /** SIMD kernels of a register width in bits; those that the self-test refuses are scalar. */
    final class Simd implements Kernels {
        private final int bits;
        private final Map<KernelKind, KernelChoice> choices;

        private Simd(int bits, Map<KernelKind, KernelChoice> choices) {
            this.bits = bits;
            this.choices = choices;
        }

        public int bits() {
            return bits;
        }

        @Override
        public Kernel of(Metric metric, ElementType elements) {
            return choice(new KernelKind(metric, elements)).kernel();
        }

        @Override
        public boolean isSimd(KernelKind kind) {
            return choice(kind).isSimd();
        }

        @Override
        public String reason() {
            return bits + "-bit registers";
        }

        private KernelChoice choice(KernelKind kind) {
            return Objects.requireNonNull(choices.get(kind), kind::toString);
        }
    }

    /** Scalar kernels. */
    record Scalar(String reason) implements Kernels {
        @Override
        public Kernel of(Metric metric, ElementType elements) {
            return CheckedKernel.ifWanted(
                    new KernelKind(metric, elements), new ScalarKernel(metric, elements));
        }

        @Override
        public boolean isSimd(KernelKind kind) {
            return false;
        }
    }

    /**
     * The kernel of a metric. The first call for it takes about a tenth of a second, and the
     * compiler's translation is what that time is for.
     *
     * @throws NullPointerException unless the elements {@link ElementType#supports support} it
     */
    Kernel of(Metric metric, ElementType elements);

    /** Whether that kernel runs with SIMD. */
    boolean isSimd(KernelKind kind);

    /** Why these, for people. */
    String reason();

    /** The kernels of this machine, chosen when first asked for. */
    static Kernels ofMachine() {
        return Chosen.KERNELS;
    }

    /**
     * Kernels of at most this width, each of which must pass the self-test.
     *
     * @param bitsMax 0 for scalar ones, or 128, 256, 512
     */
    static Kernels choose(int bitsMax) {
        Logger log = LoggerFactory.getLogger(Kernels.class);
        if (bitsMax < 128) {
            return new Scalar("SIMD is switched off");
        }
        try {
            int bits = Math.min(bitsMax, FloatVector.SPECIES_PREFERRED.vectorBitSize());
            Kernels kernels =
                    new Simd(
                            bits,
                            KernelKind.all().stream()
                                    .map(kind ->
                                            KernelChoice.simd(
                                                    kind, simd(bits, kind), WARM_UP_NANOS))
                                    .collect(
                                            Collectors.toUnmodifiableMap(
                                                    KernelChoice::kind, Function.identity())));
            long scalar = KernelKind.all().stream().filter(kind -> !kernels.isSimd(kind)).count();
            log.info(
                    "distance kernels: SIMD, {}; {} failed the self-test",
                    kernels.reason(),
                    scalar == 0 ? "none" : scalar);
            return kernels;
        } catch (RuntimeException | LinkageError e) {
            log.error(
                    "distance kernels: SCALAR, searches will be about ten times slower; run the JVM"
                            + " with --add-modules=jdk.incubator.vector",
                    e);
            return new Scalar("SIMD failed: " + e);
        }
    }

    /** One kernel of a register width in bits, untested: for tests and benchmarks. */
    static Kernel simd(int bits, KernelKind kind) {
        String template =
                switch (kind.elements()) {
                    case FLOAT32, FLOAT16 -> "SimdKernel";
                    case INT8 -> "SimdByteDistanceKernel";
                    case BIT -> "SimdBitDistanceKernel";
                };
        return SimdTemplate.load(
                Kernel.class, template, List.of(bits, kind.metric(), kind.elements()));
    }

    /** Defers the choice until it is asked for. */
    final class Chosen {
        private static final Kernels KERNELS = choose(Integer.getInteger("annex.kernel.bits", 512));

        private Chosen() {}
    }
}
