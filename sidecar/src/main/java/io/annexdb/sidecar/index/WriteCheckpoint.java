package io.annexdb.sidecar.index;

import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.telemetry.Failpoint;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Writes a shard's graph, codes or lists to disk, one at a time; the log before them, for they may
 * not know more than the log. Its lock comes before those of {@link ShardStore}, none of which it
 * holds while it writes, so that it holds up neither the writer nor {@link ShardStore#sync}.
 */
final class WriteCheckpoint {
    private static final Logger LOG = LoggerFactory.getLogger(WriteCheckpoint.class);

    private final ReentrantLock checkpointing = new ReentrantLock();
    private final ShardDefinition definition;
    private final ShardFiles files;
    private final ShardStore store;

    WriteCheckpoint(ShardDefinition definition, ShardFiles files, ShardStore store) {
        this.definition = definition;
        this.files = files;
        this.store = store;
    }

    /** Writes it, unless linking cannot be paused, or the disk refuses: then a restart links. */
    void run(Generation generation) throws InterruptedException {
        checkpointing.lock();
        try {
            store.sync();
            Failpoint.CHECKPOINT_BEGUN.pass();
            if (!generation.linking.pause()) {
                return;
            }
            try {
                generation.reconnect();
                write(generation);
            } finally {
                generation.linking.resume();
            }
        } catch (IOException e) {
            LOG.warn(
                    "could not write the graph of {}; a restart will link it again", definition, e);
            ShardFiles.deleteQuietly(files.newGraph());
            ShardFiles.deleteQuietly(files.newLists());
            ShardFiles.deleteQuietly(files.newCodes());
        } finally {
            checkpointing.unlock();
        }
    }

    private void write(Generation generation) throws IOException {
        Checkpoints.Base base = store.checkpointBase(generation);
        if (base != null) {
            new Checkpoints(definition, files).write(generation, base);
        }
    }
}
