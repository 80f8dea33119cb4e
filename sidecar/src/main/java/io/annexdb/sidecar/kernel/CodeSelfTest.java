package io.annexdb.sidecar.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;

/** Compares a code kernel with the scalar one, when the sidecar first needs it. */
final class CodeSelfTest {
    private static final int DIMENSION = 5;
    private static final int GROUPS = 5;
    private static final int COLUMNS = 7;
    private static final int POINTS = 6;

    private CodeSelfTest() {}

    /**
     * @throws IllegalStateException if the kernel computes anything else
     */
    static void check(CodeKernel kernel) {
        Random random = new Random(2);
        ByteBuffer memory = ByteBuffer.allocateDirect(16 << 10);
        MemorySegment segment = MemorySegment.ofBuffer(memory);
        try {
            products(kernel, segment, random);
            scan(kernel, segment, random);
        } finally {
            Reference.reachabilityFence(memory);
        }
    }

    private static void products(CodeKernel kernel, MemorySegment memory, Random random) {
        for (long at = 0; at < 8192; at += 4) {
            memory.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at, random.nextFloat() - 0.5f);
        }
        long points = memory.address();
        long centroids = points + 1024;
        int count = GROUPS * CodeKernel.GROUP;
        float[][] out = new float[2][count];
        int[][] best = new int[2][POINTS];
        CodeKernel[] kernels = {new ScalarCodeKernel(), kernel};
        for (int i = 0; i < 2; i++) {
            kernels[i].products(points, DIMENSION, 0.5f, centroids, GROUPS, points + 8192);
            for (int c = 0; c < count; c++) {
                out[i][c] = memory.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 8192 + c * 4L);
            }
            kernels[i].nearest(points, 24, POINTS, DIMENSION, centroids, GROUPS, best[i]);
        }
        for (int c = 0; c < count; c++) {
            if (!(Math.abs(out[0][c] - out[1][c]) <= 1e-5f)) {
                throw different("products", out[1][c], out[0][c]);
            }
        }
        if (!Arrays.equals(best[0], best[1])) {
            throw different("nearest", Arrays.toString(best[1]), Arrays.toString(best[0]));
        }
    }

    private static void scan(CodeKernel kernel, MemorySegment memory, Random random) {
        for (long at = 0; at < 1024; at++) {
            memory.set(ValueLayout.JAVA_BYTE, at, (byte) random.nextInt(256));
        }
        for (long at = 1024; at < 2048; at++) {
            memory.set(ValueLayout.JAVA_BYTE, at, (byte) random.nextInt(128));
        }
        for (long at = 2048; at < 2560; at += 4) {
            memory.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at, random.nextFloat());
        }
        long codes = memory.address();
        float[][] out = new float[2][CodeKernel.BLOCK];
        long[] below = new long[2];
        CodeKernel[] kernels = {new ScalarCodeKernel(), kernel};
        for (int i = 0; i < 2; i++) {
            long to = codes + 4096;
            below[i] =
                    kernels[i].scan(
                            codes + 1024, codes, COLUMNS, codes + 2048, 1f, -2f, 0.01f, 4f, to);
            for (int r = 0; r < CodeKernel.BLOCK; r++) {
                out[i][r] = memory.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4096 + r * 4L);
            }
        }
        for (int r = 0; r < CodeKernel.BLOCK; r++) {
            boolean near = Math.abs(out[0][r] - 4f) < 1e-3f;
            boolean same = near || ((below[0] ^ below[1]) >>> r & 1) == 0;
            if (!same || !(Math.abs(out[0][r] - out[1][r]) <= 1e-4f)) {
                throw different("scan", out[1][r], out[0][r]);
            }
        }
    }

    private static IllegalStateException different(String what, Object actual, Object expected) {
        return new IllegalStateException(
                "%s gives %s, the specification says %s".formatted(what, actual, expected));
    }
}
