package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.telemetry.Failpoint;

import org.postgresql.PGConnection;
import org.postgresql.copy.CopyDual;

import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * One connection's stream: reads frames with blocking reads, decodes them into the queue, and
 * answers the server. Everything is written by the reading thread; that is soon enough, for the
 * server's keepalives come at least each 1.5 s, but for a busy one ({@link SenderTimeout}). While
 * the queue is full it keeps answering, so that a slow consumer is not mistaken for a dead one.
 *
 * <p>Frames (PostgreSQL documentation, "Streaming Replication Protocol"): {@code w} start i64, end
 * i64, clock i64, then one pgoutput message; {@code k} end i64, clock i64, reply wanted i8.
 */
final class StreamSession {
    private static final int DATA_HEADER_BYTES = 25;
    private static final int KEEPALIVE_BYTES = 18;
    private static final long STATUS_INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long JUST_NOW_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final BlockingQueue<StreamEvent> queue;
    private final Supplier<Lsn> durable;
    private final Runnable transactionComes;
    private final TransactionAssembler assembler = new TransactionAssembler(this::emit);
    private final CopyDual copy;
    private volatile Lsn received = Lsn.ZERO;
    private volatile Lsn handedOver = Lsn.ZERO;
    private final long startedNanos = System.nanoTime();
    private volatile long heardNanos = startedNanos;
    private volatile boolean handingOver;
    private Lsn acknowledged;
    private long repliedNanos;
    private long longestNanos;
    private long longestEndNanos = startedNanos;

    private StreamSession(
            CopyDual copy,
            BlockingQueue<StreamEvent> queue,
            Supplier<Lsn> durable,
            Lsn acknowledged,
            Runnable transactionComes) {
        this.copy = copy;
        this.queue = queue;
        this.durable = durable;
        this.acknowledged = acknowledged;
        this.transactionComes = transactionComes;
    }

    /**
     * Starts the slot's stream where it was acknowledged: position 0/0 lets the server decide.
     *
     * @param durable position to acknowledge, asked again and again
     * @param acknowledged the slot's confirmed position
     * @param transactionComes told of each transaction's first message
     */
    static StreamSession start(
            Connection walsender,
            String slot,
            BlockingQueue<StreamEvent> queue,
            Supplier<Lsn> durable,
            Lsn acknowledged,
            Runnable transactionComes)
            throws SQLException {
        CopyDual copy =
                walsender
                        .unwrap(PGConnection.class)
                        .getCopyAPI()
                        .copyDual(
                                "START_REPLICATION SLOT "
                                        + slot
                                        + " LOGICAL 0/0 (proto_version '1', publication_names '"
                                        + SourceSettings.PUBLICATION
                                        + "', binary 'true')");
        return new StreamSession(copy, queue, durable, acknowledged, transactionComes);
    }

    Lsn received() {
        return received;
    }

    /**
     * Up to where the log has been handed over, be it applied yet or not: also by a part of a
     * transaction whose end has not come.
     */
    Lsn handedOver() {
        return handedOver;
    }

    /** Time since the stream was started. */
    long lastedNanos() {
        return System.nanoTime() - startedNanos;
    }

    /** Time since the server was last heard of; 0 while we ourselves hold up the stream. */
    long silentNanos() {
        return handingOver ? 0 : System.nanoTime() - heardNanos;
    }

    /**
     * The longest time in which the server was not heard of, as of the last second: before it ends
     * the connection it may yet send what it has. For the thread that reads.
     */
    long silenceBeforeEndNanos() {
        long now = System.nanoTime();
        return now - longestEndNanos > JUST_NOW_NANOS
                ? silentNanos()
                : Math.max(silentNanos(), longestNanos);
    }

    /** Reads until the connection ends, always by an exception. */
    void run() throws SQLException {
        while (true) {
            byte[] frame = copy.readFromCopy();
            if (frame == null) {
                throw new SQLException("the server ended the stream", "57P01");
            }
            heard(System.nanoTime());
            Failpoint.STREAM_RECEIVED.pass();
            boolean replyWanted = read(frame);
            acknowledge();
            if (replyWanted || System.nanoTime() - repliedNanos > STATUS_INTERVAL_NANOS) {
                reply(Lsn.ZERO);
            }
        }
    }

    private void heard(long nanos) {
        long silence = nanos - heardNanos;
        if (silence >= longestNanos || nanos - longestEndNanos > JUST_NOW_NANOS) {
            longestNanos = silence;
            longestEndNanos = nanos;
        }
        heardNanos = nanos;
    }

    private boolean read(byte[] frame) {
        if (frame.length > DATA_HEADER_BYTES && frame[0] == 'w') {
            PgOutputMessage message =
                    PgOutputDecoder.decode(frame, DATA_HEADER_BYTES, frame.length);
            if (message instanceof PgOutputMessage.Begin) {
                transactionComes.run();
            }
            assembler.accept(message);
            return false;
        }
        if (frame.length == KEEPALIVE_BYTES && frame[0] == 'k') {
            keepalive(new Lsn(ByteBuffer.wrap(frame).getLong(1)));
            return frame[KEEPALIVE_BYTES - 1] != 0;
        }
        throw MessageReader.violation(
                "a frame of " + frame.length + " bytes that is neither data nor keepalive");
    }

    /** Inside a transaction the position is not ours to take: the commit is yet to come. */
    private void keepalive(Lsn walEnd) {
        if (!assembler.inTransaction() && walEnd.compareTo(received) > 0) {
            emit(new StreamEvent.Progress(walEnd));
        }
    }

    private void emit(StreamEvent event) {
        handedOver = handedOver.max(end(event));
        handOver(event);
        Failpoint.EVENT_QUEUED.pass();
        if (event instanceof StreamEvent.Commit commit) {
            received = received.max(commit.endLsn());
        } else if (event instanceof StreamEvent.Progress progress) {
            received = received.max(progress.walEnd());
        }
    }

    private static Lsn end(StreamEvent event) {
        return switch (event) {
            // Where its commit begins; it ends later.
            case StreamEvent.Changes changes -> new Lsn(changes.finalLsn().value() + 1);
            case StreamEvent.Commit commit -> commit.endLsn();
            case StreamEvent.Progress progress -> progress.walEnd();
            case StreamEvent.Interrupted _ -> Lsn.ZERO;
        };
    }

    private void handOver(StreamEvent event) {
        if (queue.offer(event)) {
            return;
        }
        handingOver = true;
        try {
            while (!queue.offer(event, STATUS_INTERVAL_NANOS, TimeUnit.NANOSECONDS)) {
                acknowledge();
                reply(Lsn.ZERO);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AnnexException(ErrorCode.ADMIN_SHUTDOWN, "the stream is closing", null, e);
        } catch (SQLException e) {
            throw new AnnexException(
                    ErrorCode.NOT_SERVABLE, "cannot answer the server", e.getMessage(), e);
        } finally {
            heardNanos = System.nanoTime();
            handingOver = false;
        }
    }

    /** The real position, which moves the slot, and at once "none" again. */
    private void acknowledge() throws SQLException {
        Lsn next = durable.get();
        if (next.compareTo(acknowledged) > 0) {
            Failpoint.UNACKNOWLEDGED.pass();
            reply(next);
            Failpoint.ACKNOWLEDGED_HALF.pass();
            reply(Lsn.ZERO);
            Failpoint.ACKNOWLEDGED.pass();
            acknowledged = next;
        }
    }

    private void reply(Lsn flushed) throws SQLException {
        byte[] status = StandbyStatus.encode(received.max(flushed), flushed);
        copy.writeToCopy(status, 0, status.length);
        copy.flushCopy();
        repliedNanos = System.nanoTime();
    }
}
