package io.annexdb.sidecar.index;

import io.annexdb.sidecar.hnsw.GraphFile;
import io.annexdb.sidecar.index.Manifest.DurableLog;
import io.annexdb.sidecar.ivfpq.ListsFile;
import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.segment.LogReader;
import io.annexdb.sidecar.segment.LogWriter;
import io.annexdb.sidecar.telemetry.Failpoint;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;

/**
 * Opens a shard's files after a restart: replays the log up to the last complete commit, reads the
 * graph over the same slots. Whatever speaks against the files, the answer is the same: they are
 * dropped, and the index is built again from its table.
 */
final class Recover {
    private static final Logger LOG = LoggerFactory.getLogger(Recover.class);

    private Recover() {}

    /**
     * The shard's store, if its files can be used.
     *
     * @param durable how much of the log was durable by the manifest; a shard that it does not name
     *     has no complete first copy, or failed
     * @param nodeLsn position up to which the node's shards are durable
     */
    static Optional<ShardStore> open(
            ShardDefinition definition,
            ShardFiles files,
            MemoryBudget budget,
            @Nullable DurableLog durable,
            Lsn nodeLsn) {
        List<Long> numbers = files.logs();
        if (durable == null || numbers.isEmpty()) {
            return Optional.empty();
        }
        Rows rows = new Rows(definition.index(), budget, files.directory());
        try {
            return Optional.of(replay(definition, files, rows, durable, numbers, nodeLsn, budget));
        } catch (AnnexException e) {
            rows.truncate();
            // Without memory for one shard the others are to serve, and its first copy is refused.
            if (e.code() != ErrorCode.DATA_CORRUPTED && e.code() != ErrorCode.OUT_OF_RESOURCES) {
                throw e;
            }
            LOG.warn("{} is built again from its table: {}", definition.key(), e.getMessage());
            return Optional.empty();
        }
    }

    private static ShardStore replay(
            ShardDefinition definition,
            ShardFiles files,
            Rows rows,
            DurableLog durable,
            List<Long> numbers,
            Lsn nodeLsn,
            MemoryBudget budget) {
        long number = durable.number();
        if (!numbers.contains(number)) {
            throw corrupted("its log " + number + " is missing, there are " + numbers);
        }
        LogReader.Extent extent;
        try (LogReader reader =
                LogReader.open(files.log(number), ShardFiles.logFingerprint(definition))) {
            extent = reader.measure();
            check(extent, durable);
            reader.replay(extent.committedBytes(), rows);
        }
        if (extent.fileBytes() > extent.committedBytes()) {
            LOG.info(
                    "{}: {} bytes behind the last commit are cut off",
                    definition.key(),
                    extent.fileBytes() - extent.committedBytes());
        }
        rows.setLsn(extent.lsn().max(nodeLsn));
        LogWriter log =
                LogWriter.append(
                        files.log(number), extent.committedBytes(), definition.index().elements());
        for (long other : numbers) {
            if (other != number) {
                ShardFiles.deleteQuietly(files.log(other));
            }
        }
        ShardStore store = new ShardStore(definition, files, rows, log, number, durable);
        Failpoint.RECOVERED_ROWS.pass();
        if (definition.index().method() == Method.IVFPQ) {
            readLists(definition, files, store);
        } else {
            readGraph(definition, files, store, budget);
        }
        Failpoint.RECOVERED.pass();
        return store;
    }

    private static void check(LogReader.Extent extent, DurableLog durable) {
        if (!extent.loaded()) {
            throw corrupted("its first copy was not finished");
        }
        if (extent.committedBytes() < durable.bytes()) {
            throw corrupted(
                    "its log is good for "
                            + extent.committedBytes()
                            + " bytes, but "
                            + durable.bytes()
                            + " were acknowledged");
        }
    }

    private static void readGraph(
            ShardDefinition definition, ShardFiles files, ShardStore store, MemoryBudget budget) {
        Generation generation = store.rows().generation();
        if (generation == null) {
            return;
        }
        if (generation.isFlat()) {
            // Codes are on no disk; the next training makes them.
            generation.linking.startAt(generation.segment.slots());
            return;
        }
        if (!Files.exists(files.graph())) {
            return;
        }
        try {
            int linked =
                    GraphFile.read(
                            generation.graph,
                            generation.segment.slots(),
                            store.origin(),
                            files.graph());
            generation.linking.startAt(linked);
            if (linked == 0) {
                ShardFiles.deleteQuietly(files.graph());
            }
        } catch (IOException e) {
            LOG.warn("{}: the graph is linked again: {}", definition.key(), e.getMessage());
            generation.discardGraph(definition.index(), budget);
            ShardFiles.deleteQuietly(files.graph());
        }
    }

    /** Takes the lists over, or their model alone; what it cannot use is made again. */
    private static void readLists(ShardDefinition definition, ShardFiles files, ShardStore store) {
        Generation generation = store.rows().generation();
        if (generation == null || !Files.exists(files.lists())) {
            return;
        }
        try {
            ListsFile.Content content =
                    ListsFile.read(
                            files.lists(),
                            store.listsOrigin(),
                            definition.index().metric(),
                            generation.segment.vectors().dimension(),
                            generation.segment.slots(),
                            files::blocks);
            if (content.lists() != null) {
                generation.setLists(content.lists());
                generation.linking.startAt(content.slots());
            } else if (content.model() != null) {
                LOG.warn("{}: the rows are put into lists again", definition.key());
                generation.setLists(store.newLists(content.model(), generation.segment.slots()));
            }
        } catch (IOException e) {
            LOG.warn("{}: the lists are trained again: {}", definition.key(), e.getMessage());
            ShardFiles.deleteQuietly(files.lists());
        }
    }

    private static AnnexException corrupted(String reason) {
        return new AnnexException(
                ErrorCode.DATA_CORRUPTED,
                "the files of the index cannot be used: " + reason,
                "The index is built again from its table.");
    }
}
