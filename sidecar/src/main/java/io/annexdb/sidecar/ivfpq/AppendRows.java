package io.annexdb.sidecar.ivfpq;

import io.annexdb.sidecar.kernel.CodeKernels;
import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.quantization.Centroids;
import io.annexdb.sidecar.quantization.Codebooks;
import io.annexdb.sidecar.segment.Segment;
import io.annexdb.sidecar.segment.SlotQuery;

/**
 * Assigns rows to lists, encodes what their centroids leave, and appends the codes.
 *
 * <p>With v = c + r and the code's r̂, ‖q − v‖² = ‖q − c‖² + ‖r‖² + 2 c·r − 2 q·r, where r is
 * estimated by f r̂ with f = ‖r‖² / r·r̂. The products with q come from one table for all lists;
 * what does not depend on q, ‖r‖² + 2 f c·r̂, is <em>added</em>, and −2 f is the <em>stretch</em>.
 * For inner products it is −q·v = −q·c − f q·r̂.
 */
public final class AppendRows {
    /** A product less than this share of ‖r‖² says nothing about the length. */
    private static final double PRODUCT_LEAST = 0.1;

    private AppendRows() {}

    /** Appends the live ones of the slots {@code [from, to)}. */
    public static void run(Lists lists, Segment segment, int from, int to) {
        AppendRoom room = lists.appendRooms.pollFirst();
        if (room == null) {
            room = new AppendRoom(lists.model);
        }
        int n = 0;
        for (int slot = from; slot < to; slot++) {
            if (!segment.isDead(slot)) {
                room.slots[n++] = slot;
                if (n == AppendRoom.ROWS) {
                    append(lists, segment, room, n);
                    n = 0;
                }
            }
        }
        append(lists, segment, room, n);
        lists.appendRooms.offerFirst(room);
    }

    private static void append(Lists lists, Segment segment, AppendRoom room, int n) {
        if (n == 0) {
            return;
        }
        Model model = lists.model;
        Centroids coarse = model.coarse();
        long points = room.points.address();
        long stride = model.pointFloats() * 4L;
        SlotQuery stored = new SlotQuery(segment.vectors());
        for (int i = 0; i < n; i++) {
            Model.putPoint(segment.vectors(), stored, room.slots[i], points + i * stride);
        }
        CodeKernels.ofMachine()
                .nearest(
                        points,
                        stride,
                        n,
                        coarse.dimension(),
                        coarse.address(),
                        coarse.groups(),
                        room.lists);
        for (int i = 0; i < n; i++) {
            double square = takeAway(coarse, room.lists[i], points + i * stride);
            lists.note(room.slots[i], square);
        }
        model.books().encode(points, stride, n, room.codes);
        for (int i = 0; i < n; i++) {
            put(lists, room, i, points + i * stride);
        }
    }

    /** Leaves the residual; returns its square. */
    private static double takeAway(Centroids coarse, int list, long point) {
        double square = 0;
        for (int d = 0; d < coarse.dimension(); d++) {
            float left = Native.getFloat(point + d * 4L) - coarse.get(list, d);
            square += (double) left * left;
            Native.putFloat(point + d * 4L, left);
        }
        return square;
    }

    private static void put(Lists lists, AppendRoom room, int i, long residual) {
        Model model = lists.model;
        Codebooks books = model.books();
        int list = room.lists[i];
        double square = 0;
        double withItself = 0;
        double withCentroid = 0;
        for (int s = 0; s < books.segments(); s++) {
            Centroids segment = books.segment(s);
            int start = books.start(s);
            int code = room.codes[s][i];
            for (int d = 0; d < segment.dimension(); d++) {
                float component = segment.get(code, d);
                float left = Native.getFloat(residual + (start + d) * 4L);
                square += (double) left * left;
                withItself += (double) left * component;
                withCentroid += (double) model.coarse().get(list, start + d) * component;
            }
            pack(room.code, s, code, books.bits());
        }
        double length = withItself > square * PRODUCT_LEAST ? square / withItself : 1;
        boolean product = model.metric() == Metric.INNER_PRODUCT;
        float added = product ? 0f : (float) (square + 2 * length * withCentroid);
        float stretch = (float) (product ? -length : -2 * length);
        PostingList posting = lists.list(list);
        synchronized (posting) {
            int place = posting.takePlace(lists);
            long block = lists.address(posting.lastBlock());
            lists.layout.put(block, place, room.code, added, stretch, room.slots[i]);
        }
    }

    private static void pack(byte[] columns, int segment, int code, int bits) {
        if (bits == 8) {
            columns[segment] = (byte) code;
        } else if (segment % 2 == 0) {
            columns[segment / 2] = (byte) code;
        } else {
            columns[segment / 2] |= (byte) (code << 4);
        }
    }
}
