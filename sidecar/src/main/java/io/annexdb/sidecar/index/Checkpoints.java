package io.annexdb.sidecar.index;

import io.annexdb.sidecar.hnsw.GraphFile;
import io.annexdb.sidecar.ivfpq.Lists;
import io.annexdb.sidecar.ivfpq.ListsFile;
import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.segment.CheckpointHeader;
import io.annexdb.sidecar.segment.Codes;
import io.annexdb.sidecar.segment.CodesFile;
import io.annexdb.sidecar.segment.LogPosition;
import io.annexdb.sidecar.telemetry.Failpoint;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Predicate;

/**
 * What a shard writes beside its log, so that a restart need not link, train or encode again: the
 * graph, of which the three newest are kept, and the codes, or the lists. Each says up to which
 * place of which log it knows the rows; what came later is linked after a restart, and with a
 * damaged one an older one takes its place.
 *
 * @param definition whose checkpoints they are
 * @param files where they lie
 */
record Checkpoints(ShardDefinition definition, ShardFiles files) {
    private static final Logger LOG = LoggerFactory.getLogger(Checkpoints.class);

    /**
     * The rows that a checkpoint is written over.
     *
     * @param logNumber number of their log
     * @param truncations how often slots were numbered anew in it
     * @param position a commit of it
     * @param slots that were there at that commit, and are linked
     */
    record Base(long logNumber, long truncations, LogPosition position, int slots) {
        private CheckpointHeader header(long fingerprint) {
            return new CheckpointHeader(fingerprint, logNumber, truncations, position, slots);
        }
    }

    /** Places in the log that the checkpoints name. */
    Set<Long> places() {
        Set<Long> places = new HashSet<>();
        for (Path graph : files.graphs()) {
            addPlace(graph, GraphFile::header, places);
        }
        addPlace(files.lists(), ListsFile::header, places);
        addPlace(files.codes(), CodesFile::header, places);
        return places;
    }

    private interface ReadHeader {
        CheckpointHeader read(Path path) throws IOException;
    }

    private static void addPlace(Path path, ReadHeader header, Set<Long> places) {
        if (!Files.exists(path)) {
            return;
        }
        try {
            places.add(header.read(path).position().bytes());
        } catch (IOException e) {
            LOG.warn("{} is damaged: {}", path, e.getMessage());
        }
    }

    /** Writes what there is of the generation; nobody may be linking. Durable when it returns. */
    void write(Generation generation, Base base) throws IOException {
        Lists lists = generation.lists();
        if (lists != null) {
            CheckpointHeader header = base.header(ShardFiles.listsFingerprint(definition));
            ListsFile.write(lists, header, files.newLists());
            ShardFiles.replace(files.newLists(), files.lists());
            files.deleteBlocksBefore(lists.number());
            return;
        }
        writeCodes(generation, base);
        if (!generation.isFlat()) {
            CheckpointHeader header = base.header(ShardFiles.graphFingerprint(definition));
            GraphFile.write(generation.graph, header, files.newGraph());
            files.keepGraph();
            Failpoint.GRAPH_REPLACED.pass();
        }
    }

    private void writeCodes(Generation generation, Base base) throws IOException {
        Codes codes = generation.segment.enterCodes();
        if (codes == null) {
            return;
        }
        try {
            CheckpointHeader header = base.header(ShardFiles.codesFingerprint(definition));
            CodesFile.write(codes, header, files.newCodes());
            ShardFiles.replace(files.newCodes(), files.codes());
        } finally {
            codes.exit();
        }
    }

    /**
     * Takes over what fits the rows of a store that was just replayed.
     *
     * @param fits whether slots of a checkpoint mean the rows that are there
     */
    void read(ShardStore store, Predicate<CheckpointHeader> fits, MemoryBudget budget) {
        Generation generation = store.rows().generation();
        if (generation == null) {
            return;
        }
        if (definition.index().method() == Method.IVFPQ) {
            readLists(store, generation, fits);
        } else if (generation.isFlat()) {
            // Without codes nobody waits for rows to be linked; the next training makes them.
            int encoded = readCodes(generation, fits, budget);
            generation.linking.startAt(encoded > 0 ? encoded : generation.segment.slots());
        } else {
            int encoded = readCodes(generation, fits, budget);
            readGraph(generation, fits, budget);
            encodeRest(generation, encoded);
        }
    }

    /** Returns the number of slots that have codes; 0 when there are none to take over. */
    private int readCodes(
            Generation generation, Predicate<CheckpointHeader> fits, MemoryBudget budget) {
        if (!generation.wantsCodes() || !Files.exists(files.codes())) {
            return 0;
        }
        try {
            CheckpointHeader header = CodesFile.header(files.codes());
            if (header.fingerprint() == ShardFiles.codesFingerprint(definition)
                    && fits.test(header)) {
                Codes codes = CodesFile.read(generation.segment, budget, files.codes());
                generation.segment.use(codes);
                return Math.min(header.slots(), generation.segment.slots());
            }
        } catch (IOException e) {
            LOG.warn("{}: codes are trained again: {}", definition.key(), e.getMessage());
        }
        ShardFiles.deleteQuietly(files.codes());
        return 0;
    }

    /** What is in the graph is found by its code. */
    private static void encodeRest(Generation generation, int encoded) {
        Codes codes = generation.segment.enterCodes();
        if (codes != null) {
            try {
                int linked = Math.max(encoded, generation.linking.linked());
                codes.encode(generation.segment.vectors(), encoded, linked);
            } finally {
                codes.exit();
            }
        }
    }

    private void readGraph(
            Generation generation, Predicate<CheckpointHeader> fits, MemoryBudget budget) {
        long fingerprint = ShardFiles.graphFingerprint(definition);
        for (Path path : files.graphs()) {
            if (!Files.exists(path)) {
                continue;
            }
            try {
                CheckpointHeader header = GraphFile.header(path);
                int linked = 0;
                if (header.fingerprint() == fingerprint && fits.test(header)) {
                    linked = GraphFile.read(generation.graph, generation.segment.slots(), path);
                }
                if (linked > 0) {
                    generation.linking.startAt(linked);
                    return;
                }
            } catch (IOException e) {
                LOG.warn(
                        "{}: the graph is linked again, as far as no older checkpoint has it: {}",
                        definition.key(),
                        e.getMessage());
                generation.discardGraph(definition.index(), budget);
            }
            ShardFiles.deleteQuietly(path);
        }
    }

    /** Takes the lists over, or their model alone; what it cannot use is made again. */
    private void readLists(
            ShardStore store, Generation generation, Predicate<CheckpointHeader> fits) {
        if (!Files.exists(files.lists())) {
            return;
        }
        try {
            CheckpointHeader header = ListsFile.header(files.lists());
            ListsFile.Content content =
                    ListsFile.read(
                            files.lists(),
                            header.fingerprint() == ShardFiles.listsFingerprint(definition),
                            fits.test(header),
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
}
