package io.annexdb.sidecar.index;

import io.annexdb.sidecar.index.Manifest.DurableLog;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.ShardKey;
import io.annexdb.sidecar.telemetry.Failpoint;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The manifest as it is on disk, and what is put into the next one. Read by any thread; the
 * registry's lock guards what changes it.
 */
final class NodeManifest {
    private static final Logger LOG = LoggerFactory.getLogger(NodeManifest.class);

    private final Path path;

    /** The open shards, which know how much of their logs is durable. */
    private final Map<ShardKey, VectorIndex> open;

    /** In which file of the server each shard's relation was seen last; saved with the rest. */
    private final Map<ShardKey, Long> fileNodes = new ConcurrentHashMap<>();

    private volatile Manifest saved;

    /** Reads the directory's manifest; one that is missing or damaged is as if it were new. */
    NodeManifest(Path directory, Map<ShardKey, VectorIndex> open) {
        this.path = directory.resolve("manifest");
        this.open = open;
        this.saved = read(path);
        fileNodes.putAll(saved.fileNodes());
    }

    private static Manifest read(Path path) {
        try {
            return Manifest.read(path).orElse(Manifest.EMPTY);
        } catch (IOException e) {
            LOG.error("the node starts anew, all indexes are compared with their tables", e);
            return Manifest.EMPTY;
        }
    }

    /** What is on disk. */
    Manifest saved() {
        return saved;
    }

    Optional<Long> fileNode(ShardKey key) {
        return Optional.ofNullable(fileNodes.get(key));
    }

    /** Durable with the next that is saved. */
    void fileNode(ShardKey key, long fileNode) {
        fileNodes.put(key, fileNode);
    }

    void forgetFileNode(ShardKey key) {
        fileNodes.remove(key);
    }

    /** Saves what the open shards say now. */
    void save() {
        save(saved.lsn(), saved.identity());
    }

    void save(Lsn lsn, @Nullable NodeIdentity identity) {
        save(current(lsn, identity, saved.publication()));
    }

    void save(String publication) {
        save(current(saved.lsn(), saved.identity(), publication));
    }

    /** Saves a later position, unless it says nothing new. */
    Lsn advance(Lsn lsn) {
        Manifest next = current(lsn.max(saved.lsn()), saved.identity(), saved.publication());
        if (!next.equals(saved)) {
            Failpoint.SYNC_BETWEEN.pass();
            save(next);
            Failpoint.SYNC_DONE.pass();
        }
        return next.lsn();
    }

    /** Nothing relies on the shard's files any more. */
    void forget(ShardKey key) {
        boolean isKnown = fileNodes.remove(key) != null;
        if (isKnown || saved.logs().containsKey(key)) {
            Map<ShardKey, DurableLog> logs = new HashMap<>(saved.logs());
            Map<ShardKey, Long> indexIds = new HashMap<>(saved.indexIds());
            logs.remove(key);
            indexIds.remove(key);
            save(
                    new Manifest(
                            saved.lsn(),
                            saved.identity(),
                            saved.publication(),
                            logs,
                            fileNodes,
                            indexIds));
        }
    }

    /** As in a new directory. */
    void forgetAll() {
        fileNodes.clear();
        save(Manifest.EMPTY);
    }

    /**
     * What is durable now: of open shards what they say, of others what was known. The position
     * goes on without a shard that is being copied, whose log therefore is not vouched for.
     */
    private Manifest current(Lsn lsn, @Nullable NodeIdentity identity, String publication) {
        Map<ShardKey, DurableLog> logs = new HashMap<>(saved.logs());
        Map<ShardKey, Long> indexIds = new HashMap<>(saved.indexIds());
        open.forEach((key, index) -> {
            long indexId = index.definition().index().id();
            DurableLog durable = index.store().durable();
            logs.remove(key);
            indexIds.remove(key);
            if (durable != null && index.state() == State.READY) {
                logs.put(key, durable);
                if (indexId != key.indexId()) {
                    indexIds.put(key, indexId);
                }
            }
        });
        return new Manifest(lsn, identity, publication, logs, fileNodes, indexIds);
    }

    private void save(Manifest next) {
        try {
            next.write(path);
            saved = next;
        } catch (IOException e) {
            throw ShardFiles.failed("write", path, e);
        }
    }
}
