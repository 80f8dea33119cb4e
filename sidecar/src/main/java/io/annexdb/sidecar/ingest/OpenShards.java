package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.index.IndexRegistry;
import io.annexdb.sidecar.index.State;
import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.model.ShardKey;
import io.annexdb.sidecar.replication.RelationFacts;
import io.annexdb.sidecar.telemetry.ConnectCheck;
import io.annexdb.sidecar.telemetry.Failpoint;
import io.annexdb.sidecar.telemetry.RecoveryDecision;
import io.annexdb.sidecar.telemetry.Telemetry;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The shards that are open, each with its route from the stream: opened, refused, rebuilt and
 * dropped here, as the audit finds them. For the audit's thread.
 */
final class OpenShards {
    private static final Logger LOG = LoggerFactory.getLogger(OpenShards.class);
    private static final long ROOM_BYTES = 1 << 20;

    private final IndexRegistry registry;
    private final Ingest ingest;
    private final SlowJobs jobs;
    private final Telemetry telemetry;
    private final RewriteWatch rewrites;
    private final Retries retries = new Retries();
    private final Map<ShardKey, ShardRoute> routes = new LinkedHashMap<>();
    private final Set<ShardKey> refused = new HashSet<>();

    /** Memory that was free when a failed shard was first looked at. */
    private final Map<ShardKey, Long> roomBefore = new HashMap<>();

    OpenShards(IndexRegistry registry, Ingest ingest, SlowJobs jobs, Telemetry telemetry) {
        this.registry = registry;
        this.ingest = ingest;
        this.jobs = jobs;
        this.telemetry = telemetry;
        this.rewrites = new RewriteWatch(registry::fileNode, registry::fileNode);
    }

    Collection<ShardRoute> all() {
        return List.copyOf(routes.values());
    }

    @Nullable ShardRoute find(ShardKey key) {
        return routes.get(key);
    }

    /**
     * Opens the shard unless it is open. One that failed is tried again after a while: what is good
     * of its files is compared with the table.
     */
    ShardRoute open(ShardDefinition shard, boolean streamStarted) {
        ShardRoute current = routes.get(shard.key());
        if (current != null && !(isFailed(current) && mayRetry(current))) {
            if (current.index().state() == State.READY) {
                retries.serves(shard.key());
            }
            return current;
        }
        if (current != null) {
            LOG.info("Trying again: {}: {}", describe(current), current.index().status().failure());
            retry(current);
        }
        if (streamStarted) {
            // The stream has passed without it, so its files, if any, are behind.
            registry.distrust(shard.key());
        }
        boolean hadFiles = registry.onDisk().contains(shard.key());
        ShardRoute route = new ShardRoute(registry.openOrCreate(shard), retries);
        routes.put(shard.key(), route);
        ingest.route(routes.values());
        if (hadFiles && route.index().state() == State.LOADING && route.index().draftRows() == 0) {
            telemetry.recovered(RecoveryDecision.REBUILD);
            LOG.warn("Nothing of its files is of use: {}", describe(route));
        }
        LOG.info("Opened {} as {}", describe(route), route.index().state());
        Failpoint.SHARD_OPENED.pass();
        return route;
    }

    /** Rows that did not fit would only take the room of others once more. */
    private void retry(ShardRoute failed) {
        if (failed.isShortOfMemory()) {
            drop(failed);
        } else {
            distrust(failed);
        }
    }

    /** Shows the shard as failed, with what stands in the way of following it. */
    void refuse(ShardDefinition shard, String obstacle) {
        ShardRoute route = routes.get(shard.key());
        if (route == null) {
            route = new ShardRoute(registry.openOrCreate(shard), retries);
            routes.put(shard.key(), route);
        }
        refused.add(shard.key());
        if (!isFailed(route)) {
            telemetry.refused(ConnectCheck.RELATION);
            route.refuse(obstacle);
            ingest.route(routes.values());
        }
    }

    void drop(ShardRoute route) {
        close(route);
        registry.drop(route.definition().key());
    }

    /** Takes the shard out of service; opened again, its rows are compared with the table. */
    void distrust(ShardRoute route) {
        close(route);
        registry.distrust(route.definition().key());
    }

    private void close(ShardRoute route) {
        ShardKey key = route.definition().key();
        jobs.tell(job -> {
            if (job instanceof Backfill copy) {
                copy.leave(route);
            }
        });
        routes.remove(key);
        rewrites.forget(key);
        roomBefore.remove(key);
        ingest.route(routes.values());
    }

    /** Drops those that the catalog no longer wants, or wants otherwise. */
    void dropUnwanted(Map<ShardKey, ShardDefinition> wanted) {
        for (ShardRoute route : all()) {
            ShardDefinition now = wanted.get(route.definition().key());
            if (now == null) {
                LOG.info("Dropping {}", describe(route));
                drop(route);
                refused.remove(route.definition().key());
                retries.forget(route.definition().key());
            } else if (!ShardCheck.sameStructure(route.definition().index(), now.index())) {
                LOG.info("The definition changed, rebuilding {}", describe(route));
                drop(route);
            } else if (route.definition().index().id() != now.index().id()) {
                LOG.warn(
                        "The publication or the table was altered, the index has number {} now:"
                                + " comparing {}",
                        now.index().id(),
                        describe(route));
                distrust(route);
            }
        }
    }

    /** Distrusts those that should be published and are not: they may have missed changes. */
    void distrustUnpublished(Predicate<Long> published) {
        for (ShardRoute route : all()) {
            if (!isFailed(route) && !published.test(route.definition().relationOid())) {
                LOG.warn("The publication lost a relation, comparing {}", describe(route));
                telemetry.refused(ConnectCheck.PUBLICATION);
                distrust(route);
            }
        }
    }

    /**
     * Distrusts those whose table was rewritten, which the stream does not tell.
     *
     * @param facts looked up after the two that follow
     * @param truncatesBefore how often the stream had truncated each
     * @param appliedBefore how far the stream had been applied before those were counted; with a
     *     later position a truncate that was applied in between would pass for a rewrite
     * @param flushed end of the log now
     */
    void distrustRewritten(
            Map<Long, RelationFacts> facts,
            Map<ShardKey, Long> truncatesBefore,
            Lsn appliedBefore,
            Supplier<Lsn> flushed) {
        for (ShardRoute route : all()) {
            ShardKey key = route.definition().key();
            RelationFacts relation = facts.get(key.relationOid());
            Long truncates = truncatesBefore.get(key);
            if (relation != null
                    && truncates != null
                    && rewrites.isRewritten(
                            key, relation.fileNode(), truncates, appliedBefore, flushed)) {
                LOG.warn(
                        "The table was rewritten, its file is {} now: comparing {}",
                        relation.fileNode(),
                        describe(route));
                telemetry.refused(ConnectCheck.RELATION);
                distrust(route);
            }
        }
    }

    /** Distrusts files of shards that are not open. */
    void distrustStrayFiles(Predicate<ShardKey> which) {
        strayFiles().filter(which).forEach(registry::distrust);
    }

    /** Drops files of shards that are not open: the stream starts without them. */
    void dropStrayFiles() {
        strayFiles().forEach(registry::drop);
    }

    private Stream<ShardKey> strayFiles() {
        return registry.onDisk().stream().filter(key -> !routes.containsKey(key));
    }

    /** How often the stream has truncated each shard so far. */
    Map<ShardKey, Long> truncates() {
        return routes.values().stream()
                .collect(
                        Collectors.toMap(route -> route.definition().key(), ShardRoute::truncates));
    }

    /** Whether anything is here but shards that are shown as failed. */
    boolean isAnyFollowed() {
        return routes.values().stream().anyMatch(route -> !isFailed(route));
    }

    int size() {
        return routes.size();
    }

    /** Forgets all shards and the node's positions, and deletes all files. */
    void reset() {
        forgetAll();
        registry.reset();
    }

    /** Forgets all shards and the node's positions; the rows stay, to be compared. */
    void distrustAll() {
        forgetAll();
        registry.forgetPositions();
    }

    /** Forgets the shards' routes; their indexes stay as they are. */
    void forgetAll() {
        routes.clear();
        refused.clear();
        roomBefore.clear();
        rewrites.forgetAll();
    }

    /**
     * At once when the obstacle is gone, or a good deal more memory is free than there was; after a
     * while when a change could not be applied.
     */
    private boolean mayRetry(ShardRoute route) {
        ShardKey key = route.definition().key();
        long room = Math.max(0, registry.memoryForNewBytes());
        Long before = roomBefore.putIfAbsent(key, room);
        boolean isRoomier = before != null && room > before + before / 4 + ROOM_BYTES;
        return refused.remove(key) || isRoomier || retries.isDue(key);
    }

    private static boolean isFailed(ShardRoute route) {
        return route.index().state() == State.FAILED;
    }

    private static String describe(ShardRoute route) {
        VectorIndex index = route.index();
        return "index "
                + index.definition().index().name()
                + " of "
                + index.definition().relation()
                + " ("
                + index.definition().key()
                + ", at "
                + index.lsn()
                + ")";
    }
}
