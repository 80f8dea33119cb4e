package io.annexdb.sidecar.index;

import io.annexdb.sidecar.hnsw.CopyGraph;
import io.annexdb.sidecar.hnsw.Insert;
import io.annexdb.sidecar.hnsw.Reconnect;
import io.annexdb.sidecar.hnsw.Scratch;
import io.annexdb.sidecar.ivfpq.CopyLists;
import io.annexdb.sidecar.ivfpq.Lists;
import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.model.AttributeRow;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.segment.LogWriter;
import io.annexdb.sidecar.segment.Segment;
import io.annexdb.sidecar.telemetry.Failpoint;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.Arrays;
import java.util.Set;

/**
 * Gets rid of tombstones: copies the live rows into a new generation with a new log, carries the
 * graph or the lists over, and puts both in place. Searches go on in the old generation, and so do
 * writes, whose keys are written down and brought over at the end; only that last step holds the
 * writer up.
 */
final class Compact {
    private static final Logger LOG = LoggerFactory.getLogger(Compact.class);
    private static final int TOMBSTONES_LEAST = 1_000;
    private static final long LOG_BYTES_LEAST = 64L << 20;
    private static final int LOG_FACTOR = 4;

    private Compact() {}

    /** Whether most slots are tombstones, or most of the log is dead. */
    static boolean isDue(ShardStore store, Segment segment) {
        int live = segment.live();
        int tombstones = segment.tombstones();
        long liveBytes = (long) live * (segment.vectors().strideBytes() + 64);
        return (tombstones >= TOMBSTONES_LEAST && tombstones > live)
                || segment.holdsOldValues()
                || store.logBytes() > LOG_BYTES_LEAST + LOG_FACTOR * liveBytes;
    }

    /** Compacts; the caller is inside the generation's gate. False if it came to nothing. */
    static boolean run(
            ShardDefinition definition, ShardStore store, Generation old, Shared shared) {
        Set<RowKey> changed = store.startJournal(old);
        if (changed == null) {
            return false;
        }
        long start = System.nanoTime();
        MemoryBudget budget = shared.budget();
        Rows copy = new Rows(definition.index(), budget, store.directory());
        LogWriter log = store.nextLog();
        long oldLog = -1;
        try {
            Failpoint.COMPACTION_BEGUN.pass();
            int linked = old.linking.linked();
            int[] newSlots = copyRows(old.segment, log, copy);
            Failpoint.COMPACTION_COPIED.pass();
            carryOver(definition, store, old, copy, Arrays.copyOf(newSlots, linked), budget);
            log.flush();
            log.force();
            Failpoint.COMPACTION_SYNCED.pass();
            oldLog = store.adopt(old, changed, log, copy);
        } finally {
            if (oldLog < 0) {
                store.abandon(changed, log, copy);
            }
        }
        if (oldLog < 0) {
            return false;
        }
        Failpoint.COMPACTION_ADOPTED.pass();
        shared.saveManifest().run();
        Failpoint.COMPACTION_SAVED.pass();
        store.forget(oldLog);
        LOG.info(
                "{}: compacted {} tombstones away in {} ms",
                definition.key(),
                old.segment.tombstones(),
                (System.nanoTime() - start) / 1_000_000);
        return true;
    }

    /** Returns by old slot the new one, or -1. */
    private static int[] copyRows(Segment from, LogWriter log, Rows copy) {
        int[] newSlots = new int[from.slots()];
        Arrays.fill(newSlots, -1);
        int next = 0;
        for (int slot = 0; slot < newSlots.length; slot++) {
            if (!from.isDead(slot)) {
                copyRow(from, slot, from.key(slot), log, copy);
                newSlots[slot] = next++;
            }
        }
        return newSlots;
    }

    private static void copyRow(Segment from, int slot, RowKey key, LogWriter log, Rows copy) {
        float[] vector = from.vectors().get(slot);
        String namespace = from.namespaceName(slot);
        AttributeRow attributes = from.attributes(slot);
        log.put(key, namespace, attributes, vector);
        copy.put(key, namespace, attributes, vector);
    }

    /**
     * Carries over what stands beside the rows.
     *
     * @param newSlots of those that were linked
     */
    private static void carryOver(
            ShardDefinition definition,
            ShardStore store,
            Generation old,
            Rows copy,
            int[] newSlots,
            MemoryBudget budget) {
        Generation target = copy.generation();
        if (target == null) {
            return;
        }
        int linked = 0;
        for (int slot : newSlots) {
            linked = Math.max(linked, slot + 1);
        }
        Lists lists = old.lists();
        if (lists != null) {
            copyLists(store, lists, target, newSlots, linked);
        } else if (!old.isFlat() && newSlots.length > 0) {
            copyGraph(definition, old, target, newSlots, linked);
        }
        target.linking.startAt(linked);
        if (target.mayTrain()) {
            target.train(budget);
        }
    }

    private static void copyGraph(
            ShardDefinition definition,
            Generation old,
            Generation target,
            int[] newSlots,
            int linked) {
        Insert insert =
                new Insert(
                        target.graph,
                        definition.index().options().efConstruction(),
                        new Scratch(),
                        null);
        CopyGraph.run(old.graph, target.graph, newSlots, newSlots.length, insert);
        Reconnect.run(target.graph, linked, insert);
    }

    private static void copyLists(
            ShardStore store, Lists lists, Generation target, int[] newSlots, int linked) {
        Lists copied = store.newLists(lists.model(), linked);
        target.setLists(copied);
        // Slots behind may be in the lists already, and are put there once more.
        CopyLists.run(lists, copied, newSlots);
    }

    /** Gives a copy without rows a tombstone that has their dimension. The writer is held up. */
    static void keepDimension(Segment from, LogWriter log, Rows copy) {
        if (from.slots() > 0) {
            RowKey key = from.key(0);
            copyRow(from, 0, key, log, copy);
            log.delete(key);
            copy.delete(key);
        }
    }

    /** Makes the copy equal to the original in these rows. The writer is held up. */
    static void catchUp(Segment from, Set<RowKey> changed, LogWriter log, Rows copy) {
        for (RowKey key : changed) {
            if (copy.contains(key)) {
                log.delete(key);
                copy.delete(key);
            }
        }
        for (RowKey key : changed) {
            int slot = from.find(key);
            if (slot >= 0) {
                copyRow(from, slot, key, log, copy);
            }
        }
    }
}
