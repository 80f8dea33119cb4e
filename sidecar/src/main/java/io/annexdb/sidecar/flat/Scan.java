package io.annexdb.sidecar.flat;

import io.annexdb.sidecar.kernel.Kernel;
import io.annexdb.sidecar.kernel.Kernels;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.segment.Segment;
import io.annexdb.sidecar.segment.SlotList;
import io.annexdb.sidecar.segment.VectorStore;

import java.util.function.BooleanSupplier;

/**
 * Exact scan of slots against one query. It goes upwards and asks for the end again and again, so
 * that rows that are replaced meanwhile are met in their new slots.
 */
public final class Scan {
    private static final int BATCH = 256;
    private static final int BATCHES_PER_CHECK = 16;

    private final Segment segment;
    private final VectorStore vectors;
    private final Kernel kernel;
    private final long query;
    private final float scale;
    private final TopCollector top;
    private final BooleanSupplier cancelled;
    private final int[] slots = new int[BATCH];
    private final float[] distances = new float[BATCH];
    private int batches;

    /**
     * @param query address of the padded query
     * @param scale of the query: {@link VectorStore#queryScale}
     * @param top where the nearest go
     * @param cancelled asked every few thousand rows
     */
    public Scan(
            Segment segment, long query, float scale, TopCollector top, BooleanSupplier cancelled) {
        this.segment = segment;
        this.vectors = segment.vectors();
        this.kernel = Kernels.ofMachine().of(vectors.metric(), vectors.elements());
        this.query = query;
        this.scale = scale;
        this.top = top;
        this.cancelled = cancelled;
    }

    /** All live rows from a slot on. */
    public void from(int first) {
        int n = 0;
        for (int slot = first; slot < segment.slots(); slot++) {
            if (!segment.isDead(slot)) {
                slots[n++] = slot;
                if (n == BATCH) {
                    score(n);
                    n = 0;
                }
            }
        }
        score(n);
    }

    /** All live rows of a namespace. */
    @SuppressWarnings("ReferenceEquality") // another array means: look again
    public void namespace(SlotList list) {
        int[] array;
        do {
            array = list.slots();
            namespace(array, list.number());
        } while (array != list.slots());
    }

    /** Exactly these slots. */
    public void these(int[] wanted, int count) {
        for (int i = 0; i < count; i += BATCH) {
            int n = Math.min(BATCH, count - i);
            System.arraycopy(wanted, i, slots, 0, n);
            score(n);
        }
    }

    private void namespace(int[] array, int number) {
        int n = 0;
        for (int i = 1; i <= SlotList.count(array); i++) {
            int slot = array[i];
            if (!segment.isDead(slot) && segment.namespace(slot) == number) {
                slots[n++] = slot;
                if (n == BATCH) {
                    score(n);
                    n = 0;
                }
            }
        }
        score(n);
    }

    private void score(int n) {
        if (n == 0) {
            return;
        }
        if (++batches % BATCHES_PER_CHECK == 0) {
            checkCancelled(cancelled);
        }
        kernel.score(
                query,
                scale,
                vectors.base(),
                vectors.strideBytes(),
                vectors.scales(),
                vectors.width(),
                slots,
                n,
                distances);
        for (int i = 0; i < n; i++) {
            top.add(distances[i], slots[i]);
        }
    }

    /**
     * Ends the search when somebody wants it.
     *
     * @throws AnnexException {@link ErrorCode#QUERY_CANCELED}
     */
    public static void checkCancelled(BooleanSupplier cancelled) {
        if (cancelled.getAsBoolean()) {
            throw new AnnexException(
                    ErrorCode.QUERY_CANCELED, "search canceled on the caller's request", null);
        }
    }
}
