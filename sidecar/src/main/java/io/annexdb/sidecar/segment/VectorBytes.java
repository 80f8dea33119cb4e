package io.annexdb.sidecar.segment;

import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.model.ElementType;

import java.nio.ByteBuffer;

/**
 * Vectors as bytes, in memory and in the log. On their way they are floats, whatever the column
 * has; here they take the room of their element type, little-endian.
 */
final class VectorBytes {
    private VectorBytes() {}

    /** Writes a vector; what follows its last bit within a word of bits becomes zero. */
    static void put(ElementType elements, long address, float[] vector) {
        switch (elements) {
            case FLOAT32 -> Native.putFloats(address, vector, vector.length);
            case FLOAT16 -> {
                for (int i = 0; i < vector.length; i++) {
                    Native.putShort(address + i * 2L, Float.floatToFloat16(vector[i]));
                }
            }
            case BIT -> {
                for (int i = 0; i < vector.length; i += Long.SIZE) {
                    Native.putLong(address + i / 8, word(vector, i));
                }
            }
            case INT8 -> throw notStored(elements);
        }
    }

    static float[] get(ElementType elements, long address, int dimension) {
        float[] vector = new float[dimension];
        switch (elements) {
            case FLOAT32 -> Native.getFloats(address, vector, dimension);
            case FLOAT16 -> {
                for (int i = 0; i < dimension; i++) {
                    vector[i] = Float.float16ToFloat(Native.getShort(address + i * 2L));
                }
            }
            case BIT -> {
                for (int i = 0; i < dimension; i++) {
                    vector[i] = Native.getByte(address + i / 8) >> (i & 7) & 1;
                }
            }
            case INT8 -> throw notStored(elements);
        }
        return vector;
    }

    /** Writes a vector's {@link ElementType#bytes}. */
    static void put(ElementType elements, ByteBuffer out, float[] vector) {
        switch (elements) {
            case FLOAT32 -> {
                out.asFloatBuffer().put(vector);
                out.position(out.position() + vector.length * Float.BYTES);
            }
            case FLOAT16 -> {
                for (float element : vector) {
                    out.putShort(Float.floatToFloat16(element));
                }
            }
            case BIT -> {
                for (int i = 0; i < vector.length; i += 8) {
                    out.put((byte) word(vector, i));
                }
            }
            case INT8 -> throw notStored(elements);
        }
    }

    /** Reads what {@link #put(ElementType, ByteBuffer, float[])} wrote. */
    static float[] get(ElementType elements, ByteBuffer in, int dimension) {
        float[] vector = new float[dimension];
        switch (elements) {
            case FLOAT32 -> {
                in.asFloatBuffer().get(vector);
                in.position(in.position() + dimension * Float.BYTES);
            }
            case FLOAT16 -> {
                for (int i = 0; i < dimension; i++) {
                    vector[i] = Float.float16ToFloat(in.getShort());
                }
            }
            case BIT -> {
                int start = in.position();
                for (int i = 0; i < dimension; i++) {
                    vector[i] = in.get(start + i / 8) >> (i & 7) & 1;
                }
                in.position(start + elements.bytes(dimension));
            }
            case INT8 -> throw notStored(elements);
        }
        return vector;
    }

    /** Whether the vector at the address is this one to the last bit. */
    static boolean same(ElementType elements, long address, float[] vector) {
        boolean same = true;
        for (int i = 0; same && i < vector.length; i++) {
            int bits = Float.floatToRawIntBits(vector[i]);
            same =
                    switch (elements) {
                        case FLOAT32 -> Native.getInt(address + i * 4L) == bits;
                        case FLOAT16 ->
                                Float.floatToRawIntBits(
                                                Float.float16ToFloat(
                                                        Native.getShort(address + i * 2L)))
                                        == bits;
                        case BIT -> (Native.getByte(address + i / 8) >> (i & 7) & 1) == vector[i];
                        case INT8 -> throw notStored(elements);
                    };
        }
        return same;
    }

    /** Up to 64 elements as bits, the first in the lowest place. */
    private static long word(float[] vector, int from) {
        int end = Math.min(vector.length, from + Long.SIZE);
        long word = 0;
        for (int i = from; i < end; i++) {
            word |= vector[i] == 0f ? 0 : 1L << (i - from);
        }
        return word;
    }

    private static IllegalArgumentException notStored(ElementType elements) {
        return new IllegalArgumentException("no column has " + elements);
    }
}
