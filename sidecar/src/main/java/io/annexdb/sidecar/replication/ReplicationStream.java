package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.ServerIdentity;
import io.annexdb.sidecar.telemetry.ConnectCheck;
import io.annexdb.sidecar.telemetry.Failpoint;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Keeps the slot's stream going, in one thread of its own: connects, checks, reads, and after a
 * loss connects again, 0.1 s later and up to 5 s later each time. Before each start the connect
 * checks decide; when they find that there may be a gap the stream ends and says so, and it is for
 * ingest to compare the indexes with their tables and to make a new one.
 */
public final class ReplicationStream implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ReplicationStream.class);
    private static final long BACK_OFF_MIN_MILLIS = 100;
    private static final long BACK_OFF_MAX_MILLIS = 5_000;

    /** A connection that lived so long, or brought anything new, was a good one. */
    private static final long LASTING_NANOS = TimeUnit.SECONDS.toNanos(2);

    private static final int CHECK_SECONDS_MAX = 10;
    private static final String UNDEFINED_OBJECT = "42704";

    private final SourceSettings settings;
    private final StreamPosition position;
    private final BlockingQueue<StreamEvent> queue;
    private final SenderTimeout senderTimeout = new SenderTimeout();
    private final Thread reader;
    private volatile Lsn durable;
    private volatile @Nullable Connection connection;
    private volatile @Nullable StreamSession session;
    private volatile Lsn received = Lsn.ZERO;

    /** What waits in the queue will be applied, too. For the reader. */
    private Lsn handedOver = Lsn.ZERO;

    private volatile @Nullable String error;
    private volatile @Nullable FailedCheck gap;
    private volatile boolean closed;

    /** The queue is bounded; a full one makes the server wait, not us forget. */
    public ReplicationStream(
            SourceSettings settings, StreamPosition position, BlockingQueue<StreamEvent> queue) {
        this.settings = settings;
        this.position = position;
        this.queue = queue;
        this.durable = position.durable();
        this.reader = Thread.ofPlatform().daemon().name("annex-stream").unstarted(this::run);
    }

    public void start() {
        reader.start();
    }

    /** Has the server told that everything before this position is safe with us. Any thread. */
    public void acknowledge(Lsn durablePosition) {
        durable = durable.max(durablePosition);
    }

    public StreamStatus status() {
        StreamSession current = session;
        return new StreamStatus(
                current != null,
                current == null ? received : received.max(current.received()),
                Optional.ofNullable(error),
                Optional.ofNullable(gap));
    }

    /** Ends the connection if the server has been silent for 10 s or more. */
    public void checkAlive() {
        StreamSession current = session;
        long most = senderTimeout.silenceMaxNanos();
        if (current != null && current.silentNanos() > most) {
            interrupt("the server was silent for " + TimeUnit.NANOSECONDS.toSeconds(most) + " s");
        }
    }

    /** Ends the connection, so that a server that shuts down need not wait; it is made again. */
    public void interrupt(String reason) {
        Connection current = connection;
        if (current != null) {
            LOG.info("Dropping the stream's connection: {}", reason);
            Connections.abort(current);
        }
    }

    /** Ends the stream; at most 1 s. */
    @Override
    public void close() {
        closed = true;
        reader.interrupt();
        Connection current = connection;
        if (current != null) {
            Connections.abort(current);
        }
        try {
            reader.join(1_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        long backOffMillis = BACK_OFF_MIN_MILLIS;
        while (!closed && gap == null) {
            long started = System.nanoTime();
            Lsn before = received;
            try {
                followOnce();
            } catch (SQLException | RuntimeException | Error e) {
                lost(e);
            }
            if (received.compareTo(before) > 0 || System.nanoTime() - started > LASTING_NANOS) {
                backOffMillis = BACK_OFF_MIN_MILLIS;
            }
            if (!closed && gap == null && !pause(backOffMillis)) {
                return;
            }
            backOffMillis = Math.min(backOffMillis * 2, BACK_OFF_MAX_MILLIS);
        }
    }

    /** One connection's life. Ends by an exception, or quietly when a gap was found. */
    private void followOnce() throws SQLException {
        Connection walsender = Connections.replication(settings, senderTimeout.millis());
        connection = walsender;
        try {
            if (closed) {
                return;
            }
            // Until there is a session, nobody else would notice a server that has frozen.
            Connections.limitSilence(walsender, CHECK_SECONDS_MAX);
            Lsn confirmed = check(walsender);
            if (gap != null) {
                return;
            }
            Failpoint.STREAM_CHECKED.pass();
            StreamSession current =
                    StreamSession.start(
                            walsender,
                            settings.slotName(),
                            queue,
                            () -> durable,
                            confirmed,
                            position::transactionComes);
            requireUnmoved(confirmed);
            session = current;
            Connections.limitSilence(walsender, 0);
            error = null;
            LOG.info(
                    "Streaming from slot {} after {}; what comes twice, up to {}, is skipped",
                    settings.slotName(),
                    confirmed,
                    position.applied());
            position.resumed(confirmed);
            Failpoint.STREAM_STARTED.pass();
            current.run();
        } finally {
            end(walsender);
        }
    }

    /**
     * From the start on nobody else can drop the slot or move it. Who has done so between the check
     * and the start has it begin later without a word; then all is checked again.
     */
    private void requireUnmoved(Lsn confirmed) throws SQLException {
        try (Connection sql = Connections.sql(settings, CHECK_SECONDS_MAX)) {
            Optional<Lsn> now = Slot.read(sql, settings.slotName()).map(Slot::confirmedFlush);
            if (!now.equals(Optional.of(confirmed))) {
                throw new AnnexException(
                        ErrorCode.NOT_SERVABLE,
                        "the slot was confirmed at "
                                + confirmed
                                + ", and is at "
                                + now.map(Lsn::toString).orElse("nothing")
                                + " now that the stream is started",
                        null);
            }
        }
    }

    /** The connect checks, cheapest first; returns the slot's position. */
    private Lsn check(Connection walsender) throws SQLException {
        ServerFacts server = ServerFacts.read(walsender);
        require(ConnectCheck.SOURCE, () -> ConnectChecks.requireSource(server));
        require(ConnectCheck.VERSION, () -> ConnectChecks.requireVersion(server));
        Optional<Slot> slot = Slot.read(walsender, settings.slotName());
        ServerIdentity ours = position.identity();
        Optional<FailedCheck> found =
                ConnectChecks.gap(
                        server,
                        slot,
                        ConnectChecks.isPublished(walsender),
                        ours,
                        position.applied().max(handedOver),
                        position.durable());
        if (found.isPresent()) {
            end(found.get());
            return Lsn.ZERO;
        }
        require(ConnectCheck.DECODER, () -> ConnectChecks.guardDecoder(walsender));
        if (!server.identity().equals(ours)) {
            LOG.info(
                    "The server was promoted and has all that the indexes have, up to {}: it was"
                            + " {}, and is {}",
                    position.applied().max(position.durable()),
                    ours,
                    server.identity());
            position.promoted(server.identity());
        }
        return slot.map(Slot::confirmedFlush).orElse(Lsn.ZERO);
    }

    /** A check that trying again later may pass. */
    private interface Requirement {
        void check() throws SQLException;
    }

    private void require(ConnectCheck check, Requirement requirement) throws SQLException {
        try {
            requirement.check();
        } catch (AnnexException e) {
            position.refused(check, describe(e));
            throw e;
        }
    }

    /** For good: it is for the audit to take the rung of the ladder that leads over the gap. */
    private void end(FailedCheck found) {
        LOG.warn("The stream cannot continue, check {} failed: {}", found.check(), found.reason());
        position.refused(found.check(), found.reason());
        gap = found;
    }

    private void end(Connection walsender) {
        StreamSession current = session;
        session = null;
        connection = null;
        Connections.abort(walsender);
        if (current != null) {
            senderTimeout.ended(current.lastedNanos(), current.silenceBeforeEndNanos());
            received = received.max(current.received());
            handedOver = handedOver.max(current.handedOver());
            try {
                queue.put(new StreamEvent.Interrupted());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void lost(Throwable e) {
        if (closed) {
            return;
        }
        String text = describe(e);
        if (e instanceof SQLException sql && UNDEFINED_OBJECT.equals(sql.getSQLState())) {
            // The log holds changes from a time without the publication: they cannot be decoded.
            end(FailedCheck.of(ConnectCheck.PUBLICATION, text));
        } else if (error == null) {
            LOG.warn("Not streaming, will try again: {}", text);
        } else {
            LOG.debug("Still not streaming: {}", text);
        }
        error = text;
    }

    private static String describe(Throwable e) {
        String message = e.getMessage() == null ? e.toString() : e.getMessage();
        return e instanceof AnnexException annex
                ? annex.hint().map(hint -> message + ". " + hint).orElse(message)
                : message;
    }

    private boolean pause(long millis) {
        try {
            Thread.sleep(millis);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
