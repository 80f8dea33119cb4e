package io.annexdb.sidecar.index;

import io.annexdb.sidecar.ivfpq.AppendRows;
import io.annexdb.sidecar.ivfpq.ListSettings;
import io.annexdb.sidecar.ivfpq.Lists;
import io.annexdb.sidecar.ivfpq.Model;
import io.annexdb.sidecar.ivfpq.TrainModel;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.telemetry.Failpoint;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trains the lists of a shard when there are rows enough, and again when the rows have become
 * others or many more: into new lists, beside searches and writes, which are put in place when they
 * have all that the old ones had.
 */
final class TrainLists {
    private static final Logger LOG = LoggerFactory.getLogger(TrainLists.class);

    /** So few rows are appended while nobody else may. */
    private static final int LAST_ROWS = 2_048;

    private static final int ROUNDS_MOST = 20;

    private TrainLists() {}

    /** Whether lists are to be trained, for the first time or again. */
    static boolean isDue(ShardDefinition definition, Generation generation) {
        if (definition.index().method() != Method.IVFPQ
                || !Model.supports(definition.index().metric())
                || generation.segment.vectors().extreme()) {
            return false;
        }
        int rows = generation.segment.live();
        Lists lists = generation.lists();
        if (lists == null) {
            return rows >= ListSettings.of(definition.index().options()).rowsToTrain();
        }
        return rows > 0 && (lists.isOutgrownBy(rows) || lists.hasDrifted());
    }

    /** Trains; the caller is inside the generation's gate, and the only one who does. */
    static void run(ShardDefinition definition, ShardStore store, Generation generation)
            throws InterruptedException {
        long start = System.nanoTime();
        ListSettings settings = ListSettings.of(definition.index().options());
        int slots = generation.segment.slots();
        Lists next = store.newLists(TrainModel.run(generation.segment, settings), slots);
        Failpoint.LISTS_TRAINED.pass();
        if (!adopt(generation, next)) {
            next.gate().close();
            return;
        }
        Failpoint.LISTS_ADOPTED.pass();
        LOG.info(
                "{}: trained {} lists on {} rows in {} ms",
                definition.key(),
                next.model().coarse().count(),
                next.model().trainedRows(),
                (System.nanoTime() - start) / 1_000_000);
    }

    /** Puts the lists in place with all that the old ones have; false if that cannot be now. */
    private static boolean adopt(Generation generation, Lists next) throws InterruptedException {
        if (generation.lists() == null) {
            generation.setLists(next);
            return true;
        }
        int done = 0;
        int linked = generation.linking.linked();
        for (int round = 0; round < ROUNDS_MOST && linked - done > LAST_ROWS; round++) {
            AppendRows.run(next, generation.segment, done, linked);
            done = linked;
            linked = generation.linking.linked();
        }
        if (!generation.linking.pause()) {
            return false;
        }
        try {
            AppendRows.run(next, generation.segment, done, generation.linking.linked());
            generation.setLists(next);
            return true;
        } finally {
            generation.linking.resume();
        }
    }
}
