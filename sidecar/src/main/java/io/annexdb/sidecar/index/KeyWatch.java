package io.annexdb.sidecar.index;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.model.ShardDefinition;

import org.jspecify.annotations.Nullable;

/** Lets one at a time know which keys of an index are written. */
final class KeyWatch {
    private volatile @Nullable TouchedKeys current;

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
    }
}
