package io.annexdb.sidecar.flat;

import io.annexdb.sidecar.kernel.Kernel;
import io.annexdb.sidecar.kernel.Kernels;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.segment.Segment;
import io.annexdb.sidecar.segment.SlotList;
import io.annexdb.sidecar.segment.VectorStore;

import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * Exact scan of slots against one query, or against several while the rows are in the cache. It
 * goes upwards and asks for the end again and again, so that rows that are replaced meanwhile are
 * met in their new slots.
 */
public final class Scan {
    private static final int BATCH = 256;
    private static final int BATCHES_PER_CHECK = 16;

    /** Rows for several queries stay in a cache of the second level. */
    private static final int SHARED_BYTES = 256 << 10;

    private static final int SHARED_LEAST = 16;

    private final Segment segment;
    private final VectorStore vectors;
    private final Kernel kernel;
    private final List<Sought> queries;
    private final BooleanSupplier cancelled;
    private final int batch;
    private int[] slots = {};
    private float[] distances = {};
    private int batches;

    /**
     * One query of a scan.
     *
     * @param query address of the padded query
     * @param scale of the query: {@link VectorStore#queryScale}
     * @param top where the nearest go
     */
    public record Sought(long query, float scale, TopCollector top) {}

    /**
     * @param queries at least one
     * @param cancelled asked every few thousand rows
     */
    public Scan(Segment segment, List<Sought> queries, BooleanSupplier cancelled) {
        this.segment = segment;
        this.vectors = segment.vectors();
        this.kernel = Kernels.ofMachine().of(vectors.metric(), vectors.elements());
        this.queries = queries;
        this.cancelled = cancelled;
        this.batch =
                queries.size() == 1
                        ? BATCH
                        : Math.clamp(SHARED_BYTES / vectors.strideBytes(), SHARED_LEAST, BATCH);
    }

    /** One for a single query. */
    public Scan(
            Segment segment, long query, float scale, TopCollector top, BooleanSupplier cancelled) {
        this(segment, List.of(new Sought(query, scale, top)), cancelled);
    }

    /** All live rows from a slot on. */
    public void from(int first) {
        room(batch);
        int n = 0;
        for (int slot = first; slot < segment.slots(); slot++) {
            if (!segment.isDead(slot)) {
                slots[n++] = slot;
                if (n == batch) {
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
        these(wanted, 0, count);
    }

    /** Exactly these slots, {@code count} from one on. */
    void these(int[] wanted, int first, int count) {
        room(Math.min(batch, count));
        for (int i = 0; i < count; i += batch) {
            int n = Math.min(batch, count - i);
            System.arraycopy(wanted, first + i, slots, 0, n);
            score(n);
        }
    }

    /** The same for a single query, whose distances from the slots are returned. */
    float[] distances(int[] wanted, int count) {
        float[] all = new float[count];
        for (int i = 0; i < count; i += batch) {
            int n = Math.min(batch, count - i);
            these(wanted, i, n);
            System.arraycopy(distances, 0, all, i, n);
        }
        return all;
    }

    /** Rows at a greater distance from the first query are of no use. */
    float bound() {
        return queries.getFirst().top.bound();
    }

    private void namespace(int[] array, int number) {
        room(batch);
        int n = 0;
        for (int i = 1; i <= SlotList.count(array); i++) {
            int slot = array[i];
            if (!segment.isDead(slot) && segment.namespace(slot) == number) {
                slots[n++] = slot;
                if (n == batch) {
                    score(n);
                    n = 0;
                }
            }
        }
        score(n);
    }

    /** Most scans are of a search's few candidates. */
    private void room(int count) {
        if (slots.length < count) {
            slots = new int[count];
            distances = new float[count];
        }
    }

    private void score(int n) {
        if (n == 0) {
            return;
        }
        batches += queries.size();
        if (batches >= BATCHES_PER_CHECK) {
            batches = 0;
            checkCancelled(cancelled);
        }
        for (Sought each : queries) {
            kernel.score(
                    each.query,
                    each.scale,
                    vectors.base(),
                    vectors.strideBytes(),
                    vectors.scales(),
                    vectors.width(),
                    slots,
                    n,
                    distances);
            for (int i = 0; i < n; i++) {
                each.top.add(distances[i], slots[i]);
            }
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
