package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.index.IndexRegistry;
import io.annexdb.sidecar.index.NodeIdentity;
import io.annexdb.sidecar.index.State;
import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.model.ShardKey;
import io.annexdb.sidecar.replication.CatalogReader;
import io.annexdb.sidecar.replication.FlushPosition;
import io.annexdb.sidecar.replication.MainSlot;
import io.annexdb.sidecar.replication.Publication;
import io.annexdb.sidecar.replication.RelationFacts;
import io.annexdb.sidecar.replication.RelationReader;
import io.annexdb.sidecar.replication.Slot;
import io.annexdb.sidecar.replication.SourceSettings;
import io.annexdb.sidecar.replication.SqlSession;
import io.annexdb.sidecar.telemetry.Telemetry;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * The audit: compares what the catalog wants with what is there, and brings the two together. What
 * may take long (making a slot, copying a table) is left to the slow jobs; an audit itself takes a
 * few short statements. Nothing here waits for a message from PostgreSQL: what is asked again each
 * time cannot be missed.
 *
 * <p>Called by one thread at a time; {@link Follower} sees to that.
 */
final class Reconcile {
    private static final Logger LOG = LoggerFactory.getLogger(Reconcile.class);
    private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(60);

    private final SourceSettings settings;
    private final IndexRegistry registry;
    private final Telemetry telemetry;
    private final SqlSession sql;
    private final FlushPosition flush;
    private final Ingest ingest;
    private final SlowJobs jobs;
    private final StreamKeeper stream;
    private final RewriteWatch rewrites = new RewriteWatch();
    private final Map<ShardKey, ShardRoute> routes = new LinkedHashMap<>();
    private final Set<ShardKey> refused = new HashSet<>();
    private long publicationOid;
    private int generation;

    Reconcile(
            SourceSettings settings,
            IndexRegistry registry,
            Telemetry telemetry,
            SqlSession sql,
            FlushPosition flush,
            Ingest ingest,
            SlowJobs jobs,
            StreamKeeper stream) {
        this.settings = settings;
        this.registry = registry;
        this.telemetry = telemetry;
        this.sql = sql;
        this.flush = flush;
        this.ingest = ingest;
        this.jobs = jobs;
        this.stream = stream;
    }

    /**
     * One audit.
     *
     * @throws AnnexException NOT_SERVABLE when PostgreSQL cannot be asked now
     */
    synchronized void audit() {
        flush.flushLsn();
        Map<ShardKey, ShardDefinition> wanted =
                sql.ask(CatalogReader::read).stream()
                        .collect(
                                Collectors.toMap(
                                        ShardDefinition::key,
                                        shard -> shard,
                                        (one, same) -> one,
                                        LinkedHashMap::new));
        Map<ShardKey, Long> truncatesBefore =
                routes.values().stream()
                        .collect(
                                Collectors.toMap(
                                        route -> route.definition().key(), ShardRoute::truncates));
        Map<Long, RelationFacts> facts = readFacts(wanted);
        Map<ShardKey, String> obstacles = obstacles(wanted, facts);
        Set<ShardKey> usable = new HashSet<>(wanted.keySet());
        usable.removeAll(obstacles.keySet());
        if (usable.isEmpty()) {
            retire();
        } else {
            gap().ifPresent(this::startOver);
            dropUnwanted(wanted);
            publish(usable);
            usable.forEach(key -> open(fetch(wanted, key)));
            rebuildRewritten(facts, truncatesBefore);
            follow(wanted);
            copy(wanted, facts, usable);
        }
        obstacles.forEach((key, obstacle) -> refuse(fetch(wanted, key), obstacle));
        dropUnwanted(wanted);
    }

    private Map<Long, RelationFacts> readFacts(Map<ShardKey, ShardDefinition> wanted) {
        Set<Long> oids =
                wanted.keySet().stream().map(ShardKey::relationOid).collect(Collectors.toSet());
        Set<String> columns =
                wanted.values().stream()
                        .flatMap(shard -> ShardCheck.columns(shard.index()).stream())
                        .collect(Collectors.toSet());
        return sql.ask(connection -> RelationReader.read(connection, oids, columns));
    }

    /** Shards that cannot be followed, and why; a relation that is gone is not wanted either. */
    private static Map<ShardKey, String> obstacles(
            Map<ShardKey, ShardDefinition> wanted, Map<Long, RelationFacts> facts) {
        wanted.keySet().removeIf(key -> !facts.containsKey(key.relationOid()));
        Map<ShardKey, String> obstacles = new HashMap<>();
        wanted.forEach((key, shard) ->
                ShardCheck.obstacle(shard, fetch(facts, key.relationOid()))
                        .ifPresent(obstacle -> obstacles.put(key, obstacle)));
        return obstacles;
    }

    /** Why nothing that the indexes hold can be relied on, if so. */
    private Optional<String> gap() {
        Optional<NodeIdentity> identity = registry.identity();
        if (identity.isPresent() && !identity.get().slotName().equals(settings.slotName())) {
            return Optional.of("the index files belong to slot " + identity.get().slotName());
        }
        return ingest.divergence().or(stream::gap);
    }

    /** Forgets everything; the slot is made anew and each shard is copied again. */
    private void startOver(String reason) {
        LOG.warn(
                "All {} shards are rebuilt: {} (applied {}, durable {})",
                routes.size(),
                reason,
                registry.appliedLsn(),
                registry.durableLsn());
        forgetAll();
    }

    private void forgetAll() {
        generation++;
        jobs.cancel(job -> true);
        stream.stop();
        ingest.clear();
        routes.clear();
        refused.clear();
        rewrites.forgetAll();
        publicationOid = 0;
        registry.reset();
    }

    /** No index is left on this node: nothing of ours may stay behind in the server. */
    private void retire() {
        boolean leftovers =
                stream.isStarted()
                        || registry.identity().isPresent()
                        || jobs.has(job -> true)
                        || routes.values().stream().anyMatch(route -> !isFailed(route));
        boolean slot =
                sql.ask(connection -> Slot.read(connection, settings.slotName())).isPresent();
        boolean published = sql.ask(Publication::read).oid() != 0;
        if (leftovers) {
            forgetAll();
        }
        if (published) {
            sql.ask(connection -> {
                Publication.unpublish(connection);
                return true;
            });
        }
        if (slot) {
            sql.ask(connection -> {
                Slot.drop(connection, settings.slotName());
                return true;
            });
            LOG.info("No index is left here: dropped slot {}", settings.slotName());
        }
    }

    private void dropUnwanted(Map<ShardKey, ShardDefinition> wanted) {
        for (ShardRoute route : List.copyOf(routes.values())) {
            ShardDefinition now = wanted.get(route.definition().key());
            if (now == null) {
                LOG.info("Dropping {}", describe(route));
                drop(route);
            } else if (!ShardCheck.sameStructure(route.definition().index(), now.index())) {
                LOG.info("The definition changed, rebuilding {}", describe(route));
                drop(route);
            }
        }
    }

    private void drop(ShardRoute route) {
        ShardKey key = route.definition().key();
        jobs.cancel(job -> job instanceof Backfill backfill && backfill.route().equals(route));
        routes.remove(key);
        rewrites.forget(key);
        ingest.route(routes.values());
        registry.drop(key);
    }

    /**
     * Makes the publication hold exactly the usable relations. A shard that should have been in it
     * and was not may have missed changes.
     */
    private void publish(Set<ShardKey> usable) {
        Publication now = sql.ask(Publication::read);
        boolean another = publicationOid != 0 && now.oid() != publicationOid;
        for (ShardRoute route : List.copyOf(routes.values())) {
            long oid = route.definition().relationOid();
            if (!isFailed(route) && (another || !now.relations().contains(oid))) {
                LOG.warn("The publication lost a relation, rebuilding {}", describe(route));
                drop(route);
            }
        }
        Set<Long> relations =
                usable.stream().map(ShardKey::relationOid).collect(Collectors.toSet());
        if (!now.relations().equals(relations)) {
            sql.ask(connection -> {
                Publication.publish(connection, relations);
                return true;
            });
            Publication changed = sql.ask(Publication::read);
            dropUnpublishedFiles(now);
            publicationOid = changed.oid();
        } else {
            publicationOid = now.oid();
        }
    }

    /** Before the first start: files of a relation that was not published are behind. */
    private void dropUnpublishedFiles(Publication before) {
        if (!stream.isStarted()) {
            registry.onDisk().stream()
                    .filter(key -> !routes.containsKey(key))
                    .filter(key -> !before.relations().contains(key.relationOid()))
                    .forEach(registry::drop);
        }
    }

    private void open(ShardDefinition shard) {
        ShardRoute current = routes.get(shard.key());
        if (current != null && isFailed(current) && mayRetry(current)) {
            LOG.info("Trying again: {}", describe(current));
            drop(current);
            current = null;
        }
        if (current != null) {
            return;
        }
        if (stream.isStarted() && registry.onDisk().contains(shard.key())) {
            // The stream has passed without it.
            registry.drop(shard.key());
        }
        ShardRoute route = new ShardRoute(registry.openOrCreate(shard));
        if (!ShardCheck.sameStructure(route.definition().index(), shard.index())) {
            registry.drop(shard.key());
            route = new ShardRoute(registry.openOrCreate(shard));
        }
        routes.put(shard.key(), route);
        ingest.route(routes.values());
        LOG.info("Opened {} as {}", describe(route), route.index().state());
    }

    /** At once when the obstacle is gone, after a while when a change could not be applied. */
    private boolean mayRetry(ShardRoute route) {
        return refused.remove(route.definition().key())
                || System.nanoTime() - route.failedNanos() > RETRY_NANOS;
    }

    private void refuse(ShardDefinition shard, String obstacle) {
        ShardRoute route = routes.get(shard.key());
        if (route == null) {
            route = new ShardRoute(registry.openOrCreate(shard));
            routes.put(shard.key(), route);
        }
        refused.add(shard.key());
        if (!isFailed(route)) {
            route.fail(new AnnexException(ErrorCode.CONFIGURATION, obstacle, null));
            ingest.route(routes.values());
        }
    }

    private void rebuildRewritten(
            Map<Long, RelationFacts> facts, Map<ShardKey, Long> truncatesBefore) {
        for (ShardRoute route : List.copyOf(routes.values())) {
            ShardKey key = route.definition().key();
            RelationFacts relation = facts.get(key.relationOid());
            Long truncates = truncatesBefore.get(key);
            if (relation != null
                    && truncates != null
                    && rewrites.isRewritten(
                            key,
                            relation.fileNode(),
                            truncates,
                            registry.appliedLsn(),
                            flush::flushLsn)) {
                LOG.warn("The table was rewritten, rebuilding {}", describe(route));
                ShardDefinition definition = route.definition();
                drop(route);
                open(definition);
            }
        }
    }

    /** Has the slot made, or the stream started, when that has not been done. */
    private void follow(Map<ShardKey, ShardDefinition> wanted) {
        if (registry.identity().isEmpty()) {
            if (!jobs.has(SlotCreation.class::isInstance)) {
                Set<Long> indexes =
                        wanted.keySet().stream().map(ShardKey::indexId).collect(Collectors.toSet());
                int expected = generation;
                jobs.submit(
                        new SlotCreation(settings, indexes, created -> adopt(created, expected)));
            }
        } else if (!stream.isStarted()) {
            registry.onDisk().stream()
                    .filter(key -> !routes.containsKey(key))
                    .forEach(registry::drop);
            stream.start(ingest.queue());
        }
    }

    /** In the jobs' thread: a slot was made, positions count from its beginning. */
    private synchronized void adopt(MainSlot.Created created, int expected) {
        if (generation == expected) {
            registry.advanceApplied(created.consistentPoint());
            registry.sync();
            registry.identify(
                    new NodeIdentity(
                            created.identity().systemIdentifier(),
                            created.identity().timeline(),
                            created.identity().databaseOid(),
                            settings.slotName()));
        }
    }

    /** Queues the first copy of each shard that waits for one, once the stream carries it. */
    private void copy(
            Map<ShardKey, ShardDefinition> wanted,
            Map<Long, RelationFacts> facts,
            Set<ShardKey> usable) {
        if (!stream.isStreaming()) {
            return;
        }
        for (ShardKey key : usable) {
            ShardRoute route = fetch(routes, key);
            if (route.index().state() != State.LOADING
                    || jobs.has(job ->
                            job instanceof Backfill backfill && backfill.route().equals(route))) {
                continue;
            }
            ShardRoute fresh = route.isWaiting() ? route : reopen(fetch(wanted, key));
            jobs.submit(
                    new Backfill(
                            settings,
                            registry,
                            ingest,
                            fresh,
                            fetch(wanted, key),
                            fetch(facts, key.relationOid()),
                            telemetry));
        }
    }

    /** A copy that ended early left half an index. */
    private ShardRoute reopen(ShardDefinition shard) {
        drop(fetch(routes, shard.key()));
        open(shard);
        return fetch(routes, shard.key());
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

    private static <K, V> V fetch(Map<K, V> map, K key) {
        V value = map.get(key);
        if (value == null) {
            throw new IllegalStateException("nothing known of " + key);
        }
        return value;
    }
}
