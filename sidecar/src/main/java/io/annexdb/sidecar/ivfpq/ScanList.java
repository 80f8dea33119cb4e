package io.annexdb.sidecar.ivfpq;

import io.annexdb.sidecar.kernel.CodeKernel;
import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.quantization.Codebooks;

/** Estimates the distances of a block's codes by the query's tables. */
sealed interface ScanList {
    /**
     * Writes the estimates of a block into the room, by rank.
     *
     * @return a bit for each that is below the bound
     */
    long scan(long codes, long factors, float offset, float bound);

    /** For tables that are in the room as floats. */
    static ScanList of(Model model, SearchRoom room, CodeKernel kernel) {
        return model.books().bits() == 4
                ? HalfBytes.of(model, room, kernel)
                : new Bytes(model, room);
    }

    /** 4-bit codes, by tables rounded to 7 bits in registers. */
    record HalfBytes(CodeKernel kernel, SearchRoom room, int columns, float bias, float step)
            implements ScanList {
        private static final int ENTRY_MOST = 127;

        /** The sums are kept in 16 bits. */
        private static final float SUM_MOST = 65_000f;

        static HalfBytes of(Model model, SearchRoom room, CodeKernel kernel) {
            Codebooks books = model.books();
            float bias = 0;
            float widest = 0;
            float total = 0;
            for (int s = 0; s < books.segments(); s++) {
                float least = least(room, s);
                float range = greatest(room, s) - least;
                bias += least;
                total += range;
                widest = Math.max(widest, range);
            }
            float step =
                    Math.max(Math.max(widest / ENTRY_MOST, total / SUM_MOST), Float.MIN_NORMAL);
            Native.clear(room.bytes.address(), room.bytes.bytes());
            for (int s = 0; s < books.segments(); s++) {
                round(room, s, step);
            }
            return new HalfBytes(kernel, room, model.columns(), bias, step);
        }

        private static long table(SearchRoom room, int segment) {
            return room.tables.address() + segment * 64L;
        }

        private static float least(SearchRoom room, int segment) {
            float least = Float.POSITIVE_INFINITY;
            for (int code = 0; code < 16; code++) {
                least = Math.min(least, Native.getFloat(table(room, segment) + code * 4L));
            }
            return least;
        }

        private static float greatest(SearchRoom room, int segment) {
            float greatest = Float.NEGATIVE_INFINITY;
            for (int code = 0; code < 16; code++) {
                greatest = Math.max(greatest, Native.getFloat(table(room, segment) + code * 4L));
            }
            return greatest;
        }

        private static void round(SearchRoom room, int segment, float step) {
            float least = least(room, segment);
            long to = room.bytes.address() + segment * (long) CodeKernel.TABLE;
            for (int code = 0; code < 16; code++) {
                float above = Native.getFloat(table(room, segment) + code * 4L) - least;
                int entry = Math.min(ENTRY_MOST, Math.round(above / step));
                Native.putByte(to + code, (byte) entry);
            }
        }

        @Override
        public long scan(long codes, long factors, float offset, float bound) {
            return kernel.scan(
                    room.bytes.address(),
                    codes,
                    columns,
                    factors,
                    offset,
                    bias,
                    step,
                    bound,
                    room.estimates.address());
        }
    }

    /** 8-bit codes, one look-up after the other. */
    record Bytes(Model model, SearchRoom room) implements ScanList {
        @Override
        public long scan(long codes, long factors, float offset, float bound) {
            float[] sums = new float[Block.CODES];
            for (int s = 0; s < model.columns(); s++) {
                long table = room.tables.address() + s * 1024L;
                long column = codes + (long) s * Block.CODES;
                for (int place = 0; place < Block.CODES; place++) {
                    int code = Native.getByte(column + place) & 255;
                    sums[place] += Native.getFloat(table + code * 4L);
                }
            }
            long below = 0;
            for (int place = 0; place < Block.CODES; place++) {
                int rank = CodeKernel.rank(place);
                float added = Native.getFloat(factors + rank * 4L);
                float stretch = Native.getFloat(factors + (Block.CODES + rank) * 4L);
                float estimate = offset + added + stretch * sums[place];
                Native.putFloat(room.estimates.address() + rank * 4L, estimate);
                if (estimate < bound) {
                    below |= 1L << rank;
                }
            }
            return below;
        }
    }
}
