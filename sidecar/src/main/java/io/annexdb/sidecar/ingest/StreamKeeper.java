package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.index.IndexRegistry;
import io.annexdb.sidecar.index.NodeIdentity;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.ServerIdentity;
import io.annexdb.sidecar.replication.FailedCheck;
import io.annexdb.sidecar.replication.ReplicationStream;
import io.annexdb.sidecar.replication.SourceSettings;
import io.annexdb.sidecar.replication.StreamEvent;
import io.annexdb.sidecar.replication.StreamPosition;
import io.annexdb.sidecar.replication.StreamStatus;
import io.annexdb.sidecar.telemetry.ConnectCheck;
import io.annexdb.sidecar.telemetry.RecoveryDecision;
import io.annexdb.sidecar.telemetry.Telemetry;

import org.jspecify.annotations.Nullable;

import java.util.Optional;
import java.util.concurrent.BlockingQueue;

/**
 * Holds the stream, of which there is one or none, and tells it where the indexes stand. Started
 * and stopped by the audit; asked and told from any thread.
 */
final class StreamKeeper implements StreamPosition {
    private static final StreamStatus STOPPED =
            new StreamStatus(false, Lsn.ZERO, Optional.empty(), Optional.empty());

    private final SourceSettings settings;
    private final IndexRegistry registry;
    private final Telemetry telemetry;
    private volatile @Nullable ReplicationStream stream;

    StreamKeeper(SourceSettings settings, IndexRegistry registry, Telemetry telemetry) {
        this.settings = settings;
        this.registry = registry;
        this.telemetry = telemetry;
    }

    void start(BlockingQueue<StreamEvent> queue) {
        ReplicationStream next = new ReplicationStream(settings, this, queue);
        stream = next;
        next.start();
    }

    void stop() {
        ReplicationStream current = stream;
        if (current != null) {
            current.close();
            stream = null;
        }
    }

    boolean isStarted() {
        return stream != null;
    }

    boolean isStreaming() {
        return status().streaming();
    }

    StreamStatus status() {
        ReplicationStream current = stream;
        return current == null ? STOPPED : current.status();
    }

    Optional<FailedCheck> gap() {
        return status().gap();
    }

    void acknowledge(Lsn durable) {
        ReplicationStream current = stream;
        if (current != null) {
            current.acknowledge(durable);
            telemetry.acknowledged();
        }
    }

    /** Ends a connection over which the server has fallen silent. */
    void checkAlive() {
        ReplicationStream current = stream;
        if (current != null) {
            current.checkAlive();
        }
    }

    void interrupt(String reason) {
        ReplicationStream current = stream;
        if (current != null) {
            current.interrupt(reason);
        }
    }

    @Override
    public ServerIdentity identity() {
        return registry.identity().orElseThrow().server();
    }

    @Override
    public Lsn applied() {
        return registry.furthestLsn();
    }

    @Override
    public void transactionComes() {
        registry.transactionComes();
    }

    @Override
    public Lsn durable() {
        return registry.durableLsn();
    }

    /** What a failed check says of the indexes is true at once, not with the next audit. */
    @Override
    public void refused(ConnectCheck check, String reason) {
        telemetry.refused(check);
        switch (check) {
            case SOURCE, VERSION, DECODER -> {}
            case IDENTITY,
                    HISTORY,
                    SWITCH_POINT,
                    LOG_END,
                    SLOT,
                    SLOT_POSITION,
                    PUBLICATION,
                    RELATION ->
                    registry.suspend(reason);
        }
    }

    @Override
    public void resumed(Lsn confirmed) {
        registry.resume();
        telemetry.recovered(RecoveryDecision.SKIP_DUPLICATES);
    }

    @Override
    public void promoted(ServerIdentity identity) {
        registry.identify(new NodeIdentity(identity, settings.slotName()));
    }
}
