package io.annexdb.sidecar.index;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.segment.Segment;

import org.jspecify.annotations.Nullable;

/** Lets one at a time know which keys of an index are written, and what their rows become. */
final class KeyWatch {
    private volatile @Nullable TouchedKeys current;
    private volatile @Nullable RowHistory history;

    /**
     * From now on each key is written down before it is changed.
     *
     * @throws AnnexException NOT_SERVABLE while somebody else watches
     */
    synchronized TouchedKeys begin(ShardDefinition shard) {
        if (current != null) {
            throw new AnnexException(
                    ErrorCode.NOT_SERVABLE,
                    "index \"%s\" of %s is being compared with its table already"
                            .formatted(shard.index().name(), shard.relation()),
                    "Wait for the other comparison to end.");
        }
        TouchedKeys begun = new TouchedKeys();
        current = begun;
        return begun;
    }

    /** Nobody wants to know any more. */
    @SuppressWarnings("ReferenceEquality") // only who began it ends it
    synchronized void end(TouchedKeys begun) {
        if (current == begun) {
            current = null;
        }
    }

    void touch(RowKey key) {
        TouchedKeys watching = current;
        if (watching != null) {
            watching.add(key);
        }
        RowHistory kept = history;
        if (kept != null) {
            kept.touch(key);
        }
    }

    /** All rows go. */
    void truncate() {
        RowHistory kept = history;
        if (kept != null) {
            kept.touchAll();
        }
    }

    /** From now on versions are kept; in place of an earlier history. */
    void keep(RowHistory begun) {
        history = begun;
    }

    @SuppressWarnings("ReferenceEquality") // only who began it ends it
    void end(RowHistory begun) {
        if (history == begun) {
            history = null;
        }
    }

    /** A transaction has ended; the rows are as it left them. */
    void commit(@Nullable Segment now, Lsn endLsn) {
        RowHistory kept = history;
        if (kept != null) {
            kept.commit(now, endLsn);
        }
    }
}
