package io.annexdb.sidecar.query;

import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.StreamState;

import java.util.ArrayList;
import java.util.List;

/**
 * The sidecar at one moment.
 *
 * @param version of the program
 * @param name of this sidecar
 * @param uptimeSeconds since its start
 * @param stream how it follows its server
 * @param applied position applied to the indexes
 * @param durable position that survives a crash
 * @param indexes its indexes, by number
 */
public record NodeStatus(
        String version,
        String name,
        long uptimeSeconds,
        StreamState stream,
        Lsn applied,
        Lsn durable,
        List<IndexStatus> indexes) {
    public NodeStatus {
        indexes = List.copyOf(indexes);
    }

    /** Bytes of log flushed by the primary and not yet applied here, as far as is known. */
    public long lagBytes() {
        return Math.max(0, stream.flushed().value() - applied.value());
    }

    /** Why this sidecar should not be asked now; empty when it streams and all is ready. */
    public List<String> obstacles() {
        List<String> obstacles = new ArrayList<>();
        if (!stream.streaming() && !hasNothingToFollow()) {
            obstacles.add(
                    stream.error() == null
                            ? "not streaming yet"
                            : "not streaming: " + stream.error());
        }
        for (IndexStatus index : indexes) {
            if (!index.state().equals("ready")) {
                obstacles.add(
                        "index \""
                                + index.name()
                                + "\": "
                                + index.readyShards()
                                + " of "
                                + index.shards()
                                + " shards ready, "
                                + index.loadedRows()
                                + " of about "
                                + index.expectedRows()
                                + " rows loaded"
                                + (index.message() == null ? "" : ", " + index.message()));
            }
        }
        return obstacles;
    }

    /**
     * PostgreSQL was reached and has no index for this sidecar, so that there is no slot either.
     */
    private boolean hasNothingToFollow() {
        return indexes.isEmpty() && stream.error() == null && !stream.flushed().equals(Lsn.ZERO);
    }
}
