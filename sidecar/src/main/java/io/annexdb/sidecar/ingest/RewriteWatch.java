package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.ShardKey;

import org.jspecify.annotations.Nullable;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Notices that a table was rewritten. A rewrite (for example {@code ALTER COLUMN … TYPE … USING})
 * changes rows without a word in the stream; what shows is another file. A TRUNCATE makes another
 * file too, but the stream tells of it. VACUUM FULL and CLUSTER cannot be told from a rewrite.
 */
final class RewriteWatch {
    private record Seen(long fileNode, long truncates, @Nullable Lsn decideAt) {}

    private final Map<ShardKey, Seen> seen = new HashMap<>();
    private final Function<ShardKey, Optional<Long>> known;
    private final BiConsumer<ShardKey, Long> remember;

    /**
     * @param known the file in which a shard was seen before a restart
     * @param remember is told in which file a shard is now
     */
    RewriteWatch(Function<ShardKey, Optional<Long>> known, BiConsumer<ShardKey, Long> remember) {
        this.known = known;
        this.remember = remember;
    }

    /**
     * Looks at a shard.
     *
     * @param fileNode the file it has now
     * @param truncates how often the stream had truncated it before the file was looked up
     * @param applied how far the stream has been applied
     * @param flushed end of the log, read after the file; asked only when the file changed
     * @return true when it was rewritten
     */
    boolean isRewritten(
            ShardKey key, long fileNode, long truncates, Lsn applied, Supplier<Lsn> flushed) {
        Seen before =
                seen.computeIfAbsent(
                        key,
                        shard -> new Seen(known.apply(shard).orElse(fileNode), truncates, null));
        if (before.fileNode == fileNode || truncates > before.truncates) {
            seen.put(key, new Seen(fileNode, truncates, null));
            remember.accept(key, fileNode);
            return false;
        }
        Lsn decideAt = before.decideAt;
        if (decideAt == null) {
            seen.put(key, new Seen(before.fileNode, before.truncates, flushed.get()));
            return false;
        }
        return applied.isAtLeast(decideAt);
    }

    void forget(ShardKey key) {
        seen.remove(key);
    }

    void forgetAll() {
        seen.clear();
    }
}
