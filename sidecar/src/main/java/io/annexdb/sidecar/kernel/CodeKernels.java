package io.annexdb.sidecar.kernel;

import jdk.incubator.vector.FloatVector;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.List;

/** The one choice of a {@link CodeKernel}: SIMD after a self-test, else scalar. */
public final class CodeKernels {
    private CodeKernels() {}

    /** The kernel of this machine, chosen when first asked for. */
    public static CodeKernel ofMachine() {
        return Chosen.KERNEL;
    }

    /** Whether lists of codes are read with SIMD. */
    public static boolean isSimd() {
        return !(Chosen.KERNEL instanceof ScalarCodeKernel);
    }

    /**
     * A kernel of at most this width, which must pass the self-test.
     *
     * @param bitsMax 0 for the scalar one, or 128, 256, 512
     */
    static CodeKernel choose(int bitsMax) {
        Logger log = LoggerFactory.getLogger(CodeKernels.class);
        if (bitsMax < 128) {
            return new ScalarCodeKernel();
        }
        try {
            int bits = Math.min(bitsMax, FloatVector.SPECIES_PREFERRED.vectorBitSize());
            CodeKernel kernel =
                    SimdTemplate.load(CodeKernel.class, "SimdCodeKernel", List.of(bits));
            CodeSelfTest.check(kernel);
            log.info("code kernels: SIMD, {}-bit registers, self-test passed", bits);
            return kernel;
        } catch (RuntimeException | LinkageError e) {
            log.error("code kernels: SCALAR, searches by codes will be much slower", e);
            return new ScalarCodeKernel();
        }
    }

    /** Defers the choice until it is asked for. */
    private static final class Chosen {
        private static final CodeKernel KERNEL =
                choose(Integer.getInteger("annex.kernel.bits", 512));

        private Chosen() {}
    }
}
