package io.annexdb.sidecar.index;

import io.annexdb.sidecar.index.Manifest.DurableLog;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.ShardDefinition;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.Optional;

/**
 * From a shard's files to its index: the index itself where the manifest vouches for them, else a
 * draft to be compared with the table, else an empty one. For the holder of the registry's lock.
 */
final class OpenShard {
    private static final Logger LOG = LoggerFactory.getLogger(OpenShard.class);

    private final Shared shared;
    private final NodeManifest manifest;

    OpenShard(Shared shared, NodeManifest manifest) {
        this.shared = shared;
        this.manifest = manifest;
    }

    /** With all that its files hold. */
    VectorIndex open(ShardDefinition shard) {
        return index(
                shard,
                Recover.open(
                        shard,
                        files(shard),
                        shared.budget(),
                        manifest.saved().log(shard),
                        manifest.saved().lsn()));
    }

    /**
     * With what was committed up to a position, instead of an index that is ahead of it.
     *
     * @param ahead is closed by that
     */
    VectorIndex openUpTo(Lsn position, VectorIndex ahead) {
        ShardDefinition shard = ahead.definition();
        DurableLog durable = ahead.store().durable();
        ahead.closeWithLog();
        return index(
                shard, Recover.openUpTo(position, shard, files(shard), shared.budget(), durable));
    }

    private VectorIndex index(ShardDefinition shard, Optional<Recover.Recovered> recovered) {
        return recovered.map(found -> adopt(shard, found)).orElseGet(() -> create(shard));
    }

    private VectorIndex adopt(ShardDefinition shard, Recover.Recovered recovered) {
        if (recovered.flaw() == null) {
            return new VectorIndex(shard, shared, recovered.store(), State.READY);
        }
        manifest.forget(shard.key());
        VectorIndex draft = new VectorIndex(shard, shared, recovered.store(), State.LOADING);
        LOG.warn(
                "{}: {}; {} rows of it are compared with the table",
                shard.key(),
                recovered.flaw(),
                draft.draftRows());
        return draft;
    }

    private VectorIndex create(ShardDefinition shard) {
        manifest.forget(shard.key());
        ShardStore store = ShardStore.create(shard, files(shard), shared.budget());
        return new VectorIndex(shard, shared, store, State.LOADING);
    }

    private ShardFiles files(ShardDefinition shard) {
        return ShardFiles.of(shared.settings(), shard.key());
    }
}
