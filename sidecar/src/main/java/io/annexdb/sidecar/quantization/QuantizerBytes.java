package io.annexdb.sidecar.quantization;

import io.annexdb.sidecar.model.Metric;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * A trained quantizer to and from bytes, little-endian: what training found, not what follows from
 * metric and dimension.
 *
 * <pre>
 * byte kind, then
 *   1 scalar    per element float low, then per element float step
 *   2 RaBitQ    int length, so many floats of the rotated centroid
 *   3 product   per element float mean, int segments, int bits, then per segment its centroids
 * </pre>
 */
public final class QuantizerBytes {
    private static final byte SCALAR = 1;
    private static final byte RABITQ = 2;
    private static final byte PRODUCT = 3;

    private QuantizerBytes() {}

    /** The bytes of a quantizer. */
    public static byte[] write(Quantizer quantizer) {
        return switch (quantizer) {
            case ScalarQuantizer scalar ->
                    put(SCALAR, List.of(scalar.low(), scalar.step()), new int[0]);
            case Rabitq rabitq ->
                    put(RABITQ, List.of(rabitq.centroid()), new int[] {rabitq.centroid().length});
            case ProductQuantizer product -> product(product);
        };
    }

    private static byte[] product(ProductQuantizer product) {
        Codebooks books = product.books();
        List<float[]> parts = new ArrayList<>();
        for (int s = 0; s < books.segments(); s++) {
            Centroids centroids = books.segment(s);
            for (int i = 0; i < centroids.count(); i++) {
                float[] centroid = new float[centroids.dimension()];
                for (int d = 0; d < centroid.length; d++) {
                    centroid[d] = centroids.get(i, d);
                }
                parts.add(centroid);
            }
        }
        parts.addFirst(product.mean());
        return put(PRODUCT, parts, new int[] {books.segments(), books.bits()});
    }

    private static byte[] put(byte kind, List<float[]> parts, int[] numbers) {
        int floats = parts.stream().mapToInt(part -> part.length).sum();
        ByteBuffer bytes =
                ByteBuffer.allocate(1 + 4 * (numbers.length + floats))
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .put(kind);
        for (int number : numbers) {
            bytes.putInt(number);
        }
        for (float[] part : parts) {
            for (float each : part) {
                bytes.putFloat(each);
            }
        }
        return bytes.array();
    }

    /**
     * The quantizer of the bytes.
     *
     * @throws IOException if they are none of that metric and dimension
     */
    public static Quantizer read(ByteBuffer bytes, Metric metric, int dimension)
            throws IOException {
        try {
            ByteBuffer in = bytes.order(ByteOrder.LITTLE_ENDIAN);
            byte kind = in.get();
            Quantizer quantizer =
                    switch (kind) {
                        case SCALAR ->
                                ScalarQuantizer.trained(
                                        metric, floats(in, dimension), floats(in, dimension));
                        case RABITQ -> Rabitq.trained(metric, dimension, floats(in, in.getInt()));
                        case PRODUCT -> product(in, metric, dimension);
                        default -> throw new IOException("it has a quantizer of kind " + kind);
                    };
            if (in.hasRemaining()) {
                throw new IOException(in.remaining() + " bytes follow the quantizer");
            }
            return quantizer;
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            throw new IOException("its quantizer is of another form", e);
        }
    }

    private static Quantizer product(ByteBuffer in, Metric metric, int dimension)
            throws IOException {
        int segments = in.getInt();
        int bits = in.getInt();
        if (segments < 1 || segments > dimension || (bits != 4 && bits != 8)) {
            throw new IOException("its quantizer has " + segments + " segments of " + bits);
        }
        float[] mean = floats(in, dimension);
        List<Centroids> books = new ArrayList<>();
        for (int s = 0; s < segments; s++) {
            int width =
                    Codebooks.start(s + 1, segments, dimension)
                            - Codebooks.start(s, segments, dimension);
            Centroids centroids = new Centroids(1 << bits, width);
            for (int i = 0; i < 1 << bits; i++) {
                centroids.put(i, floats(in, width));
            }
            books.add(centroids);
        }
        return new ProductQuantizer(metric, mean, new Codebooks(dimension, bits, books));
    }

    private static float[] floats(ByteBuffer in, int count) throws IOException {
        if (count < 0 || count > in.remaining() / 4) {
            throw new IOException("its quantizer is cut off");
        }
        float[] floats = new float[count];
        for (int i = 0; i < count; i++) {
            floats[i] = in.getFloat();
        }
        return floats;
    }
}
