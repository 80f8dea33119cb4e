package io.annexdb.sidecar.index;

import io.annexdb.sidecar.index.Manifest.DurableLog;
import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.segment.CheckpointHeader;
import io.annexdb.sidecar.segment.LogPosition;
import io.annexdb.sidecar.segment.LogReader;
import io.annexdb.sidecar.segment.LogWriter;
import io.annexdb.sidecar.telemetry.Failpoint;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Opens a shard's files after a restart: replays the log and reads the checkpoints over the same
 * slots. A log that has all that the manifest says, up to its last complete commit, is the index.
 * Of any other, what can be read is a draft: rows to be compared with the table before the index
 * serves, so that what is intact need not be linked again.
 */
final class Recover {
    private static final Logger LOG = LoggerFactory.getLogger(Recover.class);

    private final ShardDefinition definition;
    private final ShardFiles files;
    private final MemoryBudget budget;
    private final @Nullable DurableLog durable;
    private final Lsn nodeLsn;
    private final Lsn most;

    /**
     * What came of it.
     *
     * @param flaw why the rows are a draft; null when they are the index
     */
    record Recovered(ShardStore store, @Nullable String flaw) {}

    private Recover(
            ShardDefinition definition,
            ShardFiles files,
            MemoryBudget budget,
            @Nullable DurableLog durable,
            Lsn nodeLsn,
            Lsn most) {
        this.definition = definition;
        this.files = files;
        this.budget = budget;
        this.durable = durable;
        this.nodeLsn = nodeLsn;
        this.most = most;
    }

    /**
     * The shard's store, if anything of its files can be used.
     *
     * @param durable how much of the log was durable by the manifest; a shard that it does not name
     *     has no complete first copy, or is not to be trusted
     * @param nodeLsn position up to which the node's shards are durable
     */
    static Optional<Recovered> open(
            ShardDefinition definition,
            ShardFiles files,
            MemoryBudget budget,
            @Nullable DurableLog durable,
            Lsn nodeLsn) {
        return new Recover(definition, files, budget, durable, nodeLsn, LogReader.NO_LIMIT).open();
    }

    /**
     * As {@link #open}, of what was committed up to a position; what came later is cut off. The
     * node's shards are at that position then, whenever each was changed last.
     */
    static Optional<Recovered> openUpTo(
            Lsn most,
            ShardDefinition definition,
            ShardFiles files,
            MemoryBudget budget,
            @Nullable DurableLog durable) {
        return new Recover(definition, files, budget, durable, most, most).open();
    }

    /** The log that the manifest names goes first, then the newest. */
    private Optional<Recovered> open() {
        List<Long> numbers = new ArrayList<>(files.logs());
        numbers.sort(
                Comparator.comparing((Long number) -> !isNamed(number))
                        .thenComparing(Comparator.reverseOrder()));
        for (long number : numbers) {
            Rows rows = new Rows(definition.index(), budget, files.directory());
            try {
                Recovered recovered = replay(number, rows);
                if (recovered != null) {
                    deleteLogsBut(number, numbers);
                    return Optional.of(recovered);
                }
            } catch (AnnexException e) {
                rows.truncate();
                // Without memory for one shard the others are to serve, and its copy is refused.
                if (e.code() != ErrorCode.DATA_CORRUPTED
                        && e.code() != ErrorCode.OUT_OF_RESOURCES) {
                    throw e;
                }
                LOG.warn("{}: log {}: {}", definition.key(), number, e.getMessage());
            } catch (RuntimeException e) {
                rows.truncate();
                LOG.error("{}: log {} cannot be replayed", definition.key(), number, e);
            }
        }
        return Optional.empty();
    }

    private boolean isNamed(long number) {
        return durable != null && durable.number() == number;
    }

    /** Null when the log has no rows and is not the index either. */
    private @Nullable Recovered replay(long number, Rows rows) {
        Checkpoints checkpoints = new Checkpoints(definition, files);
        LogReader.Extent extent;
        String flaw;
        LogPosition end;
        try (LogReader reader =
                LogReader.open(files.log(number), ShardFiles.logFingerprint(definition))) {
            var places = checkpoints.places();
            if (durable != null) {
                places.add(durable.bytes());
            }
            extent = reader.measure(places, most);
            flaw = flaw(number, extent);
            end = flaw == null ? extent.committed() : extent.good();
            rows.expect(extent.puts());
            reader.replay(end.bytes(), rows);
        } finally {
            rows.expect(0);
        }
        Failpoint.RECOVERED_ROWS.pass();
        if (flaw != null && rows.generation() == null) {
            LOG.warn("{}: log {} has no rows, and {}", definition.key(), number, flaw);
            return null;
        }
        tellWhatIsCut(extent, end);
        rows.setLsn(extent.lsn().max(nodeLsn));
        LogWriter log = LogWriter.append(files.log(number), end, definition.index().elements());
        ShardStore store =
                new ShardStore(
                        definition, files, rows, log, number, flaw == null ? kept(extent) : null);
        boolean isDraft = flaw != null;
        checkpoints.read(store, header -> fits(header, number, rows, extent, isDraft), budget);
        Failpoint.RECOVERED.pass();
        return new Recovered(store, flaw);
    }

    /** How much of the log the manifest may name from here on. */
    private @Nullable DurableLog kept(LogReader.Extent extent) {
        return durable == null || extent.committedBytes() >= durable.bytes()
                ? durable
                : new DurableLog(durable.number(), extent.committed());
    }

    /** Why the log is not the index, if so. */
    private @Nullable String flaw(long number, LogReader.Extent extent) {
        if (durable == null) {
            return "the manifest does not know it";
        }
        if (durable.number() != number) {
            return "log %d of the manifest is missing or unreadable".formatted(durable.number());
        }
        if (!extent.loaded()) {
            return "its first copy was not finished";
        }
        if (extent.good().bytes() < durable.bytes()
                || (most.equals(LogReader.NO_LIMIT) && extent.committedBytes() < durable.bytes())) {
            return "its log is good for %,d bytes, but %,d were acknowledged"
                    .formatted(extent.committedBytes(), durable.bytes());
        }
        return extent.agreesAt(durable.position())
                ? null
                : "its log is another one than was acknowledged";
    }

    private void tellWhatIsCut(LogReader.Extent extent, LogPosition end) {
        if (extent.fileBytes() > end.bytes()) {
            LOG.info(
                    "{}: {} bytes behind the last {} are cut off",
                    definition.key(),
                    extent.fileBytes() - end.bytes(),
                    end.equals(extent.committed()) ? "commit" : "good record");
        }
    }

    /**
     * Whether the slots of a checkpoint mean the rows that were replayed. One that knows more than
     * is left of a damaged log is used for what is left.
     */
    private static boolean fits(
            CheckpointHeader header,
            long number,
            Rows rows,
            LogReader.Extent extent,
            boolean isDraft) {
        return header.logNumber() == number
                && header.truncations() == rows.truncations()
                && (extent.agreesAt(header.position())
                        || (isDraft && header.position().bytes() > extent.good().bytes()));
    }

    private void deleteLogsBut(long number, List<Long> numbers) {
        for (long other : numbers) {
            if (other != number) {
                ShardFiles.deleteQuietly(files.log(other));
            }
        }
    }
}
