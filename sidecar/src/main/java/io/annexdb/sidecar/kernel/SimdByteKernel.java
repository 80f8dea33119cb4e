package io.annexdb.sidecar.kernel;

import static io.annexdb.sidecar.kernel.KernelMemory.ALL;
import static io.annexdb.sidecar.kernel.KernelMemory.LITTLE;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

import java.lang.invoke.MethodHandles;
import java.util.List;

/** {@link ByteKernel} with SIMD: a template, loaded once per register width. */
final class SimdByteKernel implements ByteKernel {
    private static final VectorSpecies<Float> SPECIES;

    static {
        try {
            List<?> shape = MethodHandles.classData(MethodHandles.lookup(), "_", List.class);
            SPECIES = SimdTemplate.floats((Integer) shape.get(0));
        } catch (IllegalAccessException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static final int LANES = SPECIES.length();

    /** As many bytes as a register has floats; the shortest register has 8. */
    private static final VectorSpecies<Byte> BYTES =
            LANES == 16 ? ByteVector.SPECIES_128 : ByteVector.SPECIES_64;

    @Override
    public void score(
            long prepared, long codes, long stride, int bytes, int[] slots, int n, float[] out) {
        long weights = prepared + WEIGHTS_AT;
        for (int i = 0; i < n; i++) {
            out[i] = product(weights, codes + slots[i] * stride, bytes);
        }
        ByteKernel.finish(prepared, codes + bytes, stride, slots, n, out);
    }

    private static float product(long weights, long code, int bytes) {
        FloatVector even = FloatVector.zero(SPECIES);
        FloatVector odd = FloatVector.zero(SPECIES);
        int whole = bytes & -(2 * BYTES.length());
        for (int at = 0; at < whole; at += 2 * BYTES.length()) {
            even = add(even, weights, code, at);
            odd = add(odd, weights, code, at + BYTES.length());
        }
        if (whole < bytes) {
            even = add(even, weights, code, whole);
        }
        return even.add(odd).reduceLanes(VectorOperators.ADD);
    }

    private static FloatVector add(FloatVector sum, long weights, long code, int at) {
        ByteVector bytes = ByteVector.fromMemorySegment(BYTES, ALL, code + at, LITTLE);
        FloatVector next = sum;
        for (int part = 0; part * LANES < BYTES.length(); part++) {
            FloatVector floats =
                    (FloatVector) bytes.convertShape(VectorOperators.B2F, SPECIES, part);
            long weight = weights + 4L * (at + part * LANES);
            next = floats.fma(FloatVector.fromMemorySegment(SPECIES, ALL, weight, LITTLE), next);
        }
        return next;
    }
}
