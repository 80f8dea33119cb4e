package io.annexdb.sidecar.query;

import io.annexdb.sidecar.index.IndexRegistry;
import io.annexdb.sidecar.index.ShardStatus;
import io.annexdb.sidecar.index.State;
import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.model.IndexActivity;
import io.annexdb.sidecar.model.StreamState;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Says how the sidecar and its indexes are. Called from any thread; reads only. */
public final class StatusService {
    private final String version;
    private final String name;
    private final IndexRegistry registry;
    private final Supplier<StreamState> stream;
    private final Supplier<Map<Long, IndexActivity>> activities;
    private final Runnable refresh;
    private final long startNanos = System.nanoTime();

    /**
     * Reads from the registry and the stream.
     *
     * @param version of the program
     * @param name of this sidecar
     * @param registry the indexes
     * @param stream how the sidecar follows its server
     * @param activities by index number, what is being done for an index
     * @param refresh reads the catalog again and returns when its changes are known
     */
    public StatusService(
            String version,
            String name,
            IndexRegistry registry,
            Supplier<StreamState> stream,
            Supplier<Map<Long, IndexActivity>> activities,
            Runnable refresh) {
        this.version = version;
        this.name = name;
        this.registry = registry;
        this.stream = stream;
        this.activities = activities;
        this.refresh = refresh;
    }

    /** The state as it is known. */
    public NodeStatus status() {
        return new NodeStatus(
                version,
                name,
                TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - startNanos),
                stream.get(),
                registry.appliedLsn(),
                registry.durableLsn(),
                indexes());
    }

    /** The state after the catalog was read again. */
    public NodeStatus refreshed() {
        refresh.run();
        return status();
    }

    private List<IndexStatus> indexes() {
        Map<Long, List<VectorIndex>> byId = new TreeMap<>();
        for (VectorIndex shard : registry.open()) {
            byId.computeIfAbsent(shard.definition().index().id(), id -> new ArrayList<>())
                    .add(shard);
        }
        Map<Long, IndexActivity> active = activities.get();
        // An index that has no shard here yet is shown with what it waits for.
        active.keySet().forEach(id -> byId.computeIfAbsent(id, each -> List.of()));
        List<IndexStatus> statuses = new ArrayList<>();
        byId.forEach((id, shards) -> statuses.add(together(id, shards, active.get(id))));
        return statuses;
    }

    private static IndexStatus together(
            long id, List<VectorIndex> shards, @Nullable IndexActivity activity) {
        List<ShardStatus> each = shards.stream().map(VectorIndex::status).toList();
        int ready = (int) each.stream().filter(one -> one.state() == State.READY).count();
        @Nullable ShardStatus failed =
                each.stream().filter(one -> one.state() == State.FAILED).findFirst().orElse(null);
        Optional<String> disagreement = CompareDimensions.disagreement(each);
        String state =
                failed != null || disagreement.isPresent()
                        ? "failed"
                        : isReady(ready, each) ? "ready" : "loading";
        return new IndexStatus(
                id,
                shards.isEmpty() ? "" : shards.getFirst().definition().index().name(),
                each.size(),
                ready,
                state,
                each.stream().mapToLong(ShardStatus::rows).sum(),
                each.stream().mapToLong(ShardStatus::rowsSkipped).sum(),
                each.stream().mapToLong(ShardStatus::freshRows).sum(),
                each.stream().mapToLong(ShardStatus::tombstones).sum(),
                each.stream().mapToInt(ShardStatus::dimension).max().orElse(0),
                each.stream().mapToLong(ShardStatus::totalMemoryBytes).sum(),
                each.stream().mapToLong(ShardStatus::fileBytes).sum(),
                each.stream().mapToLong(ShardStatus::loadedRows).sum(),
                each.stream().mapToLong(ShardStatus::expectedRows).sum(),
                activity != null ? activity.phase() : state.equals("loading") ? "queued" : state,
                activity == null ? 0 : activity.rowsPerSecond(),
                failed != null
                        ? failed.failure()
                        : disagreement.orElseGet(
                                () -> activity == null ? skipped(each) : activity.waitsFor()));
    }

    /** What is to be known of rows that are not in the index, if there are such. */
    private static @Nullable String skipped(List<ShardStatus> shards) {
        TreeMap<Integer, Long> rows = new TreeMap<>();
        shards.forEach(each ->
                each.skipped()
                        .forEach((elements, count) -> rows.merge(elements, count, Long::sum)));
        Long others = rows.remove(0);
        List<String> parts = new ArrayList<>();
        if (!rows.isEmpty()) {
            parts.add(
                    ("%,d rows skipped: dimension %s, the index has %d. Correct them, or drop the"
                                    + " index and create it for that dimension")
                            .formatted(
                                    rows.values().stream().mapToLong(Long::longValue).sum(),
                                    rows.size() == 1
                                            ? rows.firstKey()
                                            : rows.firstKey() + " to " + rows.lastKey(),
                                    shards.stream()
                                            .mapToInt(ShardStatus::dimension)
                                            .max()
                                            .orElse(0)));
        }
        if (others != null) {
            parts.add(
                    ("%,d rows skipped: no vector in them, or one that is not finite, or zero under"
                                    + " cosine")
                            .formatted(others));
        }
        return parts.isEmpty() ? null : String.join("; ", parts);
    }

    private static boolean isReady(int ready, List<ShardStatus> all) {
        return ready > 0 && ready == all.size();
    }
}
