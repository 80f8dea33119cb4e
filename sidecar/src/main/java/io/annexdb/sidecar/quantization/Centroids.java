package io.annexdb.sidecar.quantization;

import io.annexdb.sidecar.kernel.CodeKernel;
import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.memory.NativeBuffer;

/** Points of a space that others are assigned to, laid out as {@link CodeKernel} wants them. */
public final class Centroids {
    private final int count;
    private final int dimension;
    private final NativeBuffer memory;

    /** So many places, none of them set. */
    public Centroids(int count, int dimension) {
        this.count = count;
        this.dimension = dimension;
        memory = new NativeBuffer(CodeKernel.centroidBytes(count, dimension));
        for (int i = 0; i < groups() * CodeKernel.GROUP; i++) {
            Native.putFloat(at(i), CodeKernel.NOBODY);
        }
    }

    public int count() {
        return count;
    }

    public int dimension() {
        return dimension;
    }

    public int groups() {
        return CodeKernel.groups(count);
    }

    /** Valid as long as this object is reachable. */
    public long address() {
        return memory.address();
    }

    public long bytes() {
        return memory.bytes();
    }

    /** One component of a centroid. */
    public float get(int index, int component) {
        return Native.getFloat(at(index) + (1L + component) * CodeKernel.GROUP * 4);
    }

    /** ‖c‖². */
    public float square(int index) {
        return -2f * Native.getFloat(at(index));
    }

    /** Puts a centroid; its bias is −½‖c‖². */
    public void put(int index, float[] components) {
        double square = 0;
        for (int d = 0; d < dimension; d++) {
            square += (double) components[d] * components[d];
            Native.putFloat(at(index) + (1L + d) * CodeKernel.GROUP * 4, components[d]);
        }
        Native.putFloat(at(index), (float) (square / -2));
    }

    private long at(int index) {
        return CodeKernel.centroid(memory.address(), index, dimension);
    }
}
