package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.index.IndexRegistry;
import io.annexdb.sidecar.index.NodeIdentity;
import io.annexdb.sidecar.index.State;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.model.ShardKey;
import io.annexdb.sidecar.replication.CatalogReader;
import io.annexdb.sidecar.replication.FailedCheck;
import io.annexdb.sidecar.replication.FlushPosition;
import io.annexdb.sidecar.replication.MainSlot;
import io.annexdb.sidecar.replication.Publication;
import io.annexdb.sidecar.replication.RelationFacts;
import io.annexdb.sidecar.replication.RelationReader;
import io.annexdb.sidecar.replication.Slot;
import io.annexdb.sidecar.replication.SourceSettings;
import io.annexdb.sidecar.replication.SqlSession;
import io.annexdb.sidecar.telemetry.ConnectCheck;
import io.annexdb.sidecar.telemetry.Failpoint;
import io.annexdb.sidecar.telemetry.RecoveryDecision;
import io.annexdb.sidecar.telemetry.Telemetry;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The audit: compares what the catalog wants with what is there, and brings the two together. What
 * may take long (making a slot, copying a table) is left to the slow jobs; an audit itself takes a
 * few short statements. Nothing here waits for a message from PostgreSQL: what is asked again each
 * time cannot be missed.
 *
 * <p>The order is what makes it safe: a relation is published before its shard is opened, all
 * shards are open before the stream starts, and a first copy begins only once the stream carries
 * its table.
 */
final class Reconcile {
    private static final Logger LOG = LoggerFactory.getLogger(Reconcile.class);

    private final SourceSettings settings;
    private final IndexRegistry registry;
    private final Telemetry telemetry;
    private final SqlSession sql;
    private final FlushPosition flush;
    private final Ingest ingest;
    private final SlowJobs jobs;
    private final StreamKeeper stream;
    private final OpenShards shards;
    private final KnownPublication known;
    private final int copyConnections;
    private int generation;

    Reconcile(
            SourceSettings settings,
            int copyConnections,
            IndexRegistry registry,
            Telemetry telemetry,
            SqlSession sql,
            FlushPosition flush,
            Ingest ingest,
            SlowJobs jobs,
            StreamKeeper stream) {
        this.settings = settings;
        this.copyConnections = copyConnections;
        this.registry = registry;
        this.telemetry = telemetry;
        this.sql = sql;
        this.flush = flush;
        this.ingest = ingest;
        this.jobs = jobs;
        this.stream = stream;
        this.shards = new OpenShards(registry, ingest, jobs, telemetry);
        this.known = new KnownPublication(registry);
    }

    /**
     * One audit.
     *
     * @throws AnnexException NOT_SERVABLE when PostgreSQL cannot be asked now
     */
    synchronized void audit() {
        flush.flushLsn();
        Map<ShardKey, ShardDefinition> wanted = readCatalog();
        // In this order: what is applied by now has been counted among the truncates.
        Lsn appliedBefore = registry.appliedLsn();
        Map<ShardKey, Long> truncatesBefore = shards.truncates();
        Map<Long, RelationFacts> facts = readFacts(wanted);
        wanted.keySet().removeIf(key -> !facts.containsKey(key.relationOid()));
        Failpoint.CATALOG_READ.pass();
        Map<ShardKey, String> obstacles = obstacles(wanted, facts);
        Set<ShardKey> usable = new HashSet<>(wanted.keySet());
        usable.removeAll(obstacles.keySet());
        AnnexException failure = null;
        if (usable.isEmpty()) {
            retire();
            shards.dropUnwanted(wanted);
        } else {
            gap().ifPresent(this::recover);
            shards.dropUnwanted(wanted);
            Optional<AnnexException> unpublished = publish(usable);
            shards.distrustRewritten(facts, truncatesBefore, appliedBefore, flush::flushLsn);
            usable.forEach(key -> shards.open(fetch(wanted, key), stream.isStarted()));
            follow(wanted);
            copy(
                    usable.stream()
                            .flatMap(key ->
                                    copyOf(fetch(wanted, key), fetch(facts, key.relationOid()))
                                            .stream())
                            .toList());
            failure = unpublished.orElse(null);
        }
        obstacles.forEach((key, obstacle) -> shards.refuse(fetch(wanted, key), obstacle));
        if (failure != null) {
            throw failure;
        }
    }

    /** A shard that is followed, as the catalog and its relation are now. */
    record Followed(ShardRoute route, ShardDefinition shard, RelationFacts facts) {}

    /**
     * The shards of an index that are followed here.
     *
     * @throws AnnexException NOT_SERVABLE when PostgreSQL cannot be asked now
     */
    synchronized List<Followed> followed(long indexId) {
        Map<ShardKey, ShardDefinition> wanted = readCatalog();
        wanted.values().removeIf(shard -> shard.index().id() != indexId);
        wanted.keySet().removeIf(key -> shards.find(key) == null);
        Map<Long, RelationFacts> facts = readFacts(wanted);
        List<Followed> followed = new ArrayList<>();
        wanted.forEach((key, shard) -> {
            ShardRoute route = shards.find(key);
            RelationFacts relation = facts.get(key.relationOid());
            if (route != null && relation != null) {
                followed.add(new Followed(route, shard, relation));
            }
        });
        return followed;
    }

    /** Has a shard filled anew, by the next audit. */
    synchronized void rebuild(ShardRoute route) {
        if (route.equals(shards.find(route.definition().key()))) {
            LOG.warn("Filled anew: {}", route.definition().relation());
            shards.drop(route);
        }
    }

    private Map<ShardKey, ShardDefinition> readCatalog() {
        return sql.ask(CatalogReader::read).stream()
                .collect(
                        Collectors.toMap(
                                ShardDefinition::key,
                                shard -> shard,
                                (one, same) -> one,
                                LinkedHashMap::new));
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

    /** Shards that cannot be followed, and why. */
    private static Map<ShardKey, String> obstacles(
            Map<ShardKey, ShardDefinition> wanted, Map<Long, RelationFacts> facts) {
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
            telemetry.refused(ConnectCheck.SLOT);
            return Optional.of("the index files belong to slot " + identity.get().slotName());
        }
        return ingest.divergence().or(() -> stream.gap().map(FailedCheck::reason));
    }

    /** Takes the cheapest rung of the ladder that leads over a gap. */
    private void recover(String reason) {
        Optional<Lsn> rewindTo =
                ingest.divergence().isPresent()
                        ? Optional.empty()
                        : stream.gap().flatMap(FailedCheck::rewindTo);
        if (rewindTo.isPresent()) {
            rewind(reason, rewindTo.get());
        } else {
            startOver(reason);
        }
    }

    /** The slot has all since then: the indexes go back, and the stream goes on. */
    private void rewind(String reason, Lsn position) {
        long started = System.nanoTime();
        Lsn applied = registry.appliedLsn();
        int before = shards.size();
        stop();
        shards.forgetAll();
        int rewound = registry.rewind(position);
        telemetry.recovered(RecoveryDecision.OLDER_SNAPSHOT);
        LOG.warn(
                "{} of {} shards went back from {} to {} in {} ms: {}",
                rewound,
                before,
                applied,
                position,
                (System.nanoTime() - started) / 1_000_000,
                reason);
    }

    /** The slot is made anew, and each shard's rows are compared with its table. */
    private void startOver(String reason) {
        LOG.warn(
                "All {} shards are compared with their tables: {} (applied {}, durable {})",
                shards.size(),
                reason,
                registry.appliedLsn(),
                registry.durableLsn());
        stop();
        shards.distrustAll();
    }

    private void forgetAll() {
        stop();
        shards.reset();
    }

    private void stop() {
        generation++;
        jobs.cancel(job -> true);
        stream.stop();
        ingest.clear();
    }

    /** No index is left on this node: nothing of ours may stay behind in the server. */
    private void retire() {
        if (stream.isStarted()
                || registry.identity().isPresent()
                || jobs.has(job -> true)
                || shards.isAnyFollowed()) {
            forgetAll();
        }
        if (sql.ask(Publication::read).exists()) {
            sql.tell(Publication::unpublish);
            Failpoint.UNPUBLISHED.pass();
        }
        if (sql.ask(connection -> Slot.drop(connection, settings.slotName()))) {
            LOG.info("No index is left here: dropped slot {}", settings.slotName());
        }
    }

    /**
     * Makes the publication hold exactly the usable relations. A shard that should have been in it
     * all the time since the last audit, or the last run, and was not may have missed changes.
     *
     * @param usable loses those that cannot be published now, for example because of a lock
     * @return why not
     */
    private Optional<AnnexException> publish(Set<ShardKey> usable) {
        Publication now = sql.ask(Publication::read);
        Publication before = known.read().orElse(now);
        shards.distrustUnpublished(oid -> now.keeps(oid, before));
        if (!stream.isStarted()) {
            shards.distrustStrayFiles(key -> !now.keeps(key.relationOid(), before));
        }
        Set<Long> relations =
                usable.stream().map(ShardKey::relationOid).collect(Collectors.toSet());
        if (now.relations().equals(relations) && now.isWhole()) {
            known.write(now);
            return Optional.empty();
        }
        AnnexException failure = null;
        try {
            sql.tell(connection -> Publication.publish(connection, relations));
        } catch (AnnexException e) {
            failure = e;
            publishOneByOne(now, relations);
        }
        Failpoint.PUBLISHED.pass();
        Publication then = sql.ask(Publication::read);
        known.write(then);
        usable.removeIf(key -> !then.relations().contains(key.relationOid()));
        return Optional.ofNullable(failure);
    }

    /** What others hold locked does not keep the rest out. */
    private void publishOneByOne(Publication now, Set<Long> relations) {
        Set<Long> reached = new HashSet<>(now.relations());
        for (long relation : relations) {
            if (reached.add(relation)) {
                try {
                    sql.tell(connection -> Publication.publish(connection, reached));
                } catch (AnnexException e) {
                    LOG.debug("relation {} cannot be published now", relation, e);
                    reached.remove(relation);
                }
            }
        }
    }

    /** Has the slot made, or the stream started, when that has not been done. */
    private void follow(Map<ShardKey, ShardDefinition> wanted) {
        if (registry.identity().isPresent()) {
            if (!stream.isStarted()) {
                shards.dropStrayFiles();
                stream.start(ingest.queue());
            }
        } else if (!jobs.has(SlotCreation.class::isInstance)) {
            Set<Long> indexes =
                    wanted.keySet().stream().map(ShardKey::indexId).collect(Collectors.toSet());
            int expected = generation;
            jobs.submit(new SlotCreation(settings, indexes, created -> adopt(created, expected)));
        }
    }

    /** In the jobs' thread: a slot was made, positions count from its beginning. */
    private synchronized void adopt(MainSlot.Created created, int expected) {
        Failpoint.SLOT_CREATED.pass();
        if (generation == expected) {
            registry.advanceApplied(created.consistentPoint());
            registry.sync();
            registry.identify(new NodeIdentity(created.identity(), settings.slotName()));
        }
    }

    /** Has copies made, of one snapshot. */
    private void copy(List<ShardCopy> copies) {
        if (!copies.isEmpty()) {
            SnapshotBesideStream snapshot =
                    new SnapshotBesideStream(settings, registry, ingest, "copy", () -> false);
            jobs.submit(new Backfill(copies, snapshot, copyConnections));
        }
    }

    /** The shard's copy, if it lacks one, once the stream carries its table. */
    private Optional<ShardCopy> copyOf(ShardDefinition shard, RelationFacts facts) {
        ShardRoute route = shards.find(shard.key());
        if (route == null || route.index().state() != State.LOADING || !stream.isStreaming()) {
            return Optional.empty();
        }
        if (jobs.has(job -> job instanceof Backfill copy && copy.isOf(route))) {
            return Optional.empty();
        }
        ShardRoute fresh = route;
        if (!route.isWaiting()) {
            // A copy that ended early left half an index, which the next one is compared with.
            shards.distrust(route);
            fresh = shards.open(shard, true);
        }
        return Optional.of(new ShardCopy(fresh, shard, facts, registry, telemetry));
    }

    private static <K, V> V fetch(Map<K, V> map, K key) {
        V value = map.get(key);
        if (value == null) {
            throw new IllegalStateException("nothing known of " + key);
        }
        return value;
    }
}
