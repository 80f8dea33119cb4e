package io.annexdb.sidecar.kernel;

import static io.annexdb.sidecar.kernel.KernelMemory.ALL;
import static io.annexdb.sidecar.kernel.KernelMemory.LITTLE;
import static io.annexdb.sidecar.kernel.KernelMemory.getFloat;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

import java.lang.invoke.MethodHandles;
import java.util.List;

/**
 * {@link CodeKernel} in SIMD: a template that {@link CodeKernels} loads as a hidden class with its
 * register width as a constant.
 *
 * <p>Centroids are transposed, so a register holds one component of as many centroids as it has
 * lanes and nothing is summed across lanes; four points share each load. In a scan every lane is a
 * code: its half byte picks from the segment's table, which lies in one register.
 */
final class SimdCodeKernel implements CodeKernel {
    private static final VectorSpecies<Float> FLOATS;
    private static final VectorSpecies<Integer> INTS;
    private static final VectorSpecies<Byte> BYTES;

    static {
        try {
            List<?> constants = MethodHandles.classData(MethodHandles.lookup(), "_", List.class);
            VectorShape shape = VectorShape.forBitSize((Integer) constants.getFirst());
            FLOATS = VectorSpecies.of(float.class, shape);
            INTS = VectorSpecies.of(int.class, shape);
            BYTES = VectorSpecies.of(byte.class, shape);
        } catch (IllegalAccessException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static final int LANES = FLOATS.length();
    private static final int STEP = FLOATS.vectorByteSize();
    private static final long ROW = GROUP * 4L;

    @Override
    public void products(
            long point, int dimension, float weight, long centroids, int groups, long out) {
        long bytes = CodeKernel.groupBytes(dimension);
        int group = 0;
        for (; group + 4 <= groups; group += 4) {
            for (long lane = 0; lane < ROW; lane += STEP) {
                four(point, dimension, weight, centroids + group * bytes + lane, bytes, out + lane);
            }
            out += 4 * ROW;
        }
        for (; group < groups; group++) {
            for (long lane = 0; lane < ROW; lane += STEP) {
                one(point, dimension, weight, centroids + group * bytes + lane, out + lane);
            }
            out += ROW;
        }
    }

    private static void four(
            long point, int dimension, float weight, long group, long groupBytes, long out) {
        FloatVector a = load(group).mul(weight);
        FloatVector b = load(group + groupBytes).mul(weight);
        FloatVector c = load(group + 2 * groupBytes).mul(weight);
        FloatVector d = load(group + 3 * groupBytes).mul(weight);
        long row = group + ROW;
        for (long at = 0; at < dimension * 4L; at += 4) {
            FloatVector element = FloatVector.broadcast(FLOATS, getFloat(point + at));
            a = element.fma(load(row), a);
            b = element.fma(load(row + groupBytes), b);
            c = element.fma(load(row + 2 * groupBytes), c);
            d = element.fma(load(row + 3 * groupBytes), d);
            row += ROW;
        }
        a.intoMemorySegment(ALL, out, LITTLE);
        b.intoMemorySegment(ALL, out + ROW, LITTLE);
        c.intoMemorySegment(ALL, out + 2 * ROW, LITTLE);
        d.intoMemorySegment(ALL, out + 3 * ROW, LITTLE);
    }

    private static void one(long point, int dimension, float weight, long group, long out) {
        FloatVector sum = load(group).mul(weight);
        long row = group + ROW;
        for (long at = 0; at < dimension * 4L; at += 4) {
            FloatVector element = FloatVector.broadcast(FLOATS, getFloat(point + at));
            sum = element.fma(load(row), sum);
            row += ROW;
        }
        sum.intoMemorySegment(ALL, out, LITTLE);
    }

    @Override
    public void nearest(
            long points,
            long stride,
            int n,
            int dimension,
            long centroids,
            int groups,
            int[] best) {
        int last = n - 1;
        for (int i = 0; i < n; i += 4) {
            int i1 = Math.min(i + 1, last);
            int i2 = Math.min(i + 2, last);
            int i3 = Math.min(i + 3, last);
            nearestOfFour(
                    points + i * stride,
                    points + i1 * stride,
                    points + i2 * stride,
                    points + i3 * stride,
                    dimension,
                    centroids,
                    groups,
                    best,
                    i,
                    i1,
                    i2,
                    i3);
        }
    }

    private static void nearestOfFour(
            long pointA,
            long pointB,
            long pointC,
            long pointD,
            int dimension,
            long centroids,
            int groups,
            int[] best,
            int ia,
            int ib,
            int ic,
            int id) {
        FloatVector least = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
        FloatVector mostA = least;
        FloatVector mostB = least;
        FloatVector mostC = least;
        FloatVector mostD = least;
        IntVector atA = IntVector.zero(INTS);
        IntVector atB = atA;
        IntVector atC = atA;
        IntVector atD = atA;
        IntVector index = atA.addIndex(1);
        long group = centroids;
        for (int at = 0; at < groups * GROUP; at += LANES) {
            FloatVector bias = load(group);
            FloatVector a = bias;
            FloatVector b = bias;
            FloatVector c = bias;
            FloatVector d = bias;
            long row = group + ROW;
            for (long e = 0; e < dimension * 4L; e += 4) {
                FloatVector component = load(row);
                a = component.fma(FloatVector.broadcast(FLOATS, getFloat(pointA + e)), a);
                b = component.fma(FloatVector.broadcast(FLOATS, getFloat(pointB + e)), b);
                c = component.fma(FloatVector.broadcast(FLOATS, getFloat(pointC + e)), c);
                d = component.fma(FloatVector.broadcast(FLOATS, getFloat(pointD + e)), d);
                row += ROW;
            }
            atA = atA.blend(index, a.compare(VectorOperators.GT, mostA).cast(INTS));
            atB = atB.blend(index, b.compare(VectorOperators.GT, mostB).cast(INTS));
            atC = atC.blend(index, c.compare(VectorOperators.GT, mostC).cast(INTS));
            atD = atD.blend(index, d.compare(VectorOperators.GT, mostD).cast(INTS));
            mostA = mostA.max(a);
            mostB = mostB.max(b);
            mostC = mostC.max(c);
            mostD = mostD.max(d);
            index = index.add(LANES);
            // Behind the last lanes of a group begins the next one.
            group = (at + LANES) % GROUP == 0 ? row - (ROW - STEP) : group + STEP;
        }
        best[ia] = first(mostA, atA);
        best[ib] = first(mostB, atB);
        best[ic] = first(mostC, atC);
        best[id] = first(mostD, atD);
    }

    /** The least index among the lanes of the greatest value; 0 if there is none, for NaN. */
    private static int first(FloatVector most, IntVector at) {
        float greatest = most.reduceLanes(VectorOperators.MAX);
        VectorMask<Integer> where = most.compare(VectorOperators.EQ, greatest).cast(INTS);
        int least =
                IntVector.broadcast(INTS, Integer.MAX_VALUE)
                        .blend(at, where)
                        .reduceLanes(VectorOperators.MIN);
        return least == Integer.MAX_VALUE ? 0 : least;
    }

    @Override
    public long scan(
            long tables,
            long codes,
            int columns,
            long factors,
            float offset,
            float bias,
            float step,
            float bound,
            long out) {
        long below = 0;
        for (int part = 0; part < BLOCK / 4; part += LANES) {
            ShortVector even = ByteVector.zero(BYTES).reinterpretAsShorts();
            ShortVector odd = even;
            long column = codes + part * 4L;
            long table = tables;
            for (int c = 0; c < columns; c++) {
                ByteVector code = ByteVector.fromMemorySegment(BYTES, ALL, column, LITTLE);
                ByteVector high =
                        code.reinterpretAsShorts()
                                .lanewise(VectorOperators.LSHR, 4)
                                .reinterpretAsBytes()
                                .and((byte) 15);
                ByteVector sum =
                        code.and((byte) 15)
                                .selectFrom(table(table))
                                .add(high.selectFrom(table(table + TABLE)));
                // Two codes in a short: one with the other above it, and the other alone.
                ShortVector both = sum.reinterpretAsShorts();
                even = even.add(both);
                odd = odd.add(both.lanewise(VectorOperators.LSHR, 8));
                column += BLOCK;
                table += 2 * TABLE;
            }
            even = even.sub(odd.lanewise(VectorOperators.LSHL, 8));
            IntVector evens = even.reinterpretAsInts();
            IntVector odds = odd.reinterpretAsInts();
            long at = factors + part * 4L;
            long to = out + part * 4L;
            below |= line(evens.and(0xFFFF), at, offset, bias, step, bound, to) << part;
            below |=
                    line(odds.and(0xFFFF), at + ROW, offset, bias, step, bound, to + ROW)
                            << (16 + part);
            below |=
                    line(upper(evens), at + 2 * ROW, offset, bias, step, bound, to + 2 * ROW)
                            << (32 + part);
            below |=
                    line(upper(odds), at + 3 * ROW, offset, bias, step, bound, to + 3 * ROW)
                            << (48 + part);
        }
        return below;
    }

    private static ByteVector table(long address) {
        return ByteVector.fromMemorySegment(BYTES, ALL, address, LITTLE);
    }

    private static IntVector upper(IntVector pairs) {
        return pairs.lanewise(VectorOperators.LSHR, 16);
    }

    private static long line(
            IntVector sums,
            long added,
            float offset,
            float bias,
            float step,
            float bound,
            long out) {
        FloatVector sum = (FloatVector) sums.convert(VectorOperators.I2F, 0);
        FloatVector product = sum.fma(FloatVector.broadcast(FLOATS, step), broadcast(bias));
        FloatVector estimate = product.fma(load(added + BLOCK * 4L), load(added).add(offset));
        estimate.intoMemorySegment(ALL, out, LITTLE);
        return estimate.compare(VectorOperators.LT, bound).toLong();
    }

    private static FloatVector broadcast(float value) {
        return FloatVector.broadcast(FLOATS, value);
    }

    private static FloatVector load(long address) {
        return FloatVector.fromMemorySegment(FLOATS, ALL, address, LITTLE);
    }
}
