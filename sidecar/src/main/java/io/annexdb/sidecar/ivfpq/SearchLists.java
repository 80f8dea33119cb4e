package io.annexdb.sidecar.ivfpq;

import io.annexdb.sidecar.kernel.CodeKernel;
import io.annexdb.sidecar.kernel.CodeKernels;
import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.quantization.Centroids;

import org.jspecify.annotations.Nullable;

import java.util.function.IntPredicate;

/**
 * Finds candidates: looks into the lists whose centroids are nearest to the query, estimates the
 * distances of all their codes, and keeps the best. Exact distances are the caller's affair.
 */
public final class SearchLists {
    private final Lists lists;
    private final Model model;
    private final SearchRoom room;
    private final @Nullable IntPredicate filter;
    private final CodeKernel kernel = CodeKernels.ofMachine();
    private final boolean product;

    private SearchLists(Lists lists, SearchRoom room, @Nullable IntPredicate filter) {
        this.lists = lists;
        this.model = lists.model;
        this.room = room;
        this.filter = filter;
        product = model.metric() == Metric.INNER_PRODUCT;
    }

    /**
     * Searches; the caller is inside the lists' gate.
     *
     * @param query address of the vector
     * @param scale 1 / ‖query‖ under cosine, else 0
     * @param candidates how many rows are wanted, from 1
     * @param probes lists to look into, from 1
     * @param filter which slots may be found; null for all
     * @param check called before each list, to end the search by an exception
     * @return slots, in no order
     */
    public static int[] run(
            Lists lists,
            long query,
            float scale,
            int candidates,
            int probes,
            @Nullable IntPredicate filter,
            Runnable check) {
        SearchRoom room = lists.searchRooms.pollFirst();
        if (room == null) {
            room = new SearchRoom(lists.model);
        }
        try {
            return new SearchLists(lists, room, filter)
                    .search(query, scale, candidates, probes, check);
        } finally {
            lists.searchRooms.offerFirst(room);
        }
    }

    private int[] search(long query, float scale, int candidates, int probes, Runnable check) {
        Model.putPoint(model.metric(), query, scale, model.dimension(), room.point.address());
        int probed = nearestLists(probes);
        model.books().products(room.point.address(), room.tables.address());
        ScanList scan = ScanList.of(model, room, kernel);
        double square = product ? 0 : square();
        room.pool.begin(candidates);
        for (int i = 0; i < probed; i++) {
            check.run();
            int list = room.probes.number(i);
            float score = Native.getFloat(room.products.address() + list * 4L);
            scan(scan, lists.list(list), product ? -score : (float) (square - 2 * score));
        }
        int[] slots = new int[room.pool.finish()];
        for (int i = 0; i < slots.length; i++) {
            slots[i] = room.pool.number(i);
        }
        return slots;
    }

    /** Sorts the nearest lists into the room's probes; returns how many. */
    private int nearestLists(int probes) {
        Centroids coarse = model.coarse();
        long products = room.products.address();
        kernel.products(
                room.point.address(),
                coarse.dimension(),
                product ? 0f : 1f,
                coarse.address(),
                coarse.groups(),
                products);
        room.probes.begin(probes);
        float bound = room.probes.bound();
        for (int list = 0; list < coarse.count(); list++) {
            float distance = -Native.getFloat(products + list * 4L);
            if (distance <= bound) {
                room.probes.add(distance, list);
                bound = room.probes.bound();
            }
        }
        int found = room.probes.finish();
        room.probes.sort();
        return found;
    }

    private double square() {
        double sum = 0;
        for (int d = 0; d < model.dimension(); d++) {
            float component = Native.getFloat(room.point.address() + d * 4L);
            sum += (double) component * component;
        }
        return sum;
    }

    private void scan(ScanList scan, PostingList list, float offset) {
        Block layout = lists.layout;
        long estimates = room.estimates.address();
        for (int number : list.blocks()) {
            long block = lists.address(number);
            long below = scan.scan(block, block + layout.factors(), offset, room.pool.bound());
            while (below != 0) {
                int rank = Long.numberOfTrailingZeros(below);
                below &= below - 1;
                int slot = layout.slot(block, rank);
                if (slot >= 0 && (filter == null || filter.test(slot))) {
                    float estimate = Native.getFloat(estimates + rank * 4L);
                    if (estimate < room.pool.bound()) {
                        room.pool.add(estimate, slot);
                    }
                }
            }
        }
    }
}
