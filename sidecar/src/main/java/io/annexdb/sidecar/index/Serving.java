package io.annexdb.sidecar.index;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.ShardDefinition;

import org.jspecify.annotations.Nullable;

/**
 * Whether an index answers and takes changes, and if not, why. Who answers enters here; who changes
 * it to an end holds the store's writing lock, so that no change is under way then.
 */
final class Serving {
    private final ShardDefinition definition;
    private final Rows rows;
    private final WriteFace writes;
    private volatile State state;
    private volatile @Nullable String failure;
    private volatile boolean closed;

    /** Of an index with these rows, whose first copy is counted there. */
    Serving(ShardDefinition definition, Rows rows, WriteFace writes, State state) {
        this.definition = definition;
        this.rows = rows;
        this.writes = writes;
        this.state = state;
    }

    State state() {
        return state;
    }

    /** Why the state is FAILED. */
    @Nullable String failure() {
        return failure;
    }

    boolean isReady() {
        return state == State.READY;
    }

    boolean isClosed() {
        return closed;
    }

    boolean takesChanges() {
        return !closed && state != State.FAILED;
    }

    /** A copy of the table begins. */
    void load() {
        failure = null;
        state = State.LOADING;
    }

    /** The copy is done, unless the index has failed meanwhile. */
    void begin() {
        if (state == State.LOADING) {
            state = State.READY;
        }
    }

    void fail(String reason) {
        failure = reason;
        state = State.FAILED;
    }

    void close() {
        closed = true;
    }

    /**
     * The rows of the moment, whose gate the caller must exit; null while there are none.
     *
     * @throws AnnexException NOT_SERVABLE unless the state is READY
     */
    @Nullable Generation enter() {
        while (true) {
            if (closed || state != State.READY) {
                throw notServable();
            }
            Generation generation = rows.generation();
            if (generation == null || generation.gate.enter()) {
                return generation;
            }
        }
    }

    private AnnexException notServable() {
        String why =
                switch (state) {
                    case LOADING ->
                            "is loading: %,d of about %,d rows"
                                    .formatted(writes.loadedRows(), writes.expectedRows());
                    case READY -> "is closed";
                    case FAILED -> "failed: " + failure;
                };
        return new AnnexException(
                ErrorCode.NOT_SERVABLE,
                "index \"%s\" of %s %s"
                        .formatted(definition.index().name(), definition.relation(), why),
                "Wait for it with annex.wait_for_index, or see annex.index_status.");
    }
}
