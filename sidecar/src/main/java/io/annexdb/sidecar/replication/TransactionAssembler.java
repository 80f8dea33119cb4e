package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.Lsn;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Messages to transactions: between Begin and Commit it gathers changes and hands them on in parts
 * of bounded size, so that a transaction of any size passes through bounded memory. A change
 * outside a transaction, a Begin inside one, or a Commit that does not fit its Begin is a
 * contradiction.
 *
 * <p>One per connection, used by one thread.
 */
final class TransactionAssembler {
    /** Most changes of one part. */
    static final int ROWS_MAX = 1_000;

    /** A part is closed when its values reach this many bytes; dozens of parts wait for ingest. */
    static final long BYTES_MAX = 256 << 10;

    /** Microseconds from 1970-01-01 to 2000-01-01. */
    private static final long EPOCH_MICROS = 946_684_800_000_000L;

    private final Consumer<StreamEvent> sink;
    private final RelationCache relations = new RelationCache();
    private PgOutputMessage.@Nullable Begin begin;
    private List<RowChange> rows = new ArrayList<>();
    private long bytes;

    TransactionAssembler(Consumer<StreamEvent> sink) {
        this.sink = sink;
    }

    boolean inTransaction() {
        return begin != null;
    }

    /**
     * Takes the next message.
     *
     * @throws AnnexException PROTOCOL_VIOLATION
     */
    void accept(PgOutputMessage message) {
        switch (message) {
            case PgOutputMessage.Begin next -> begin(next);
            case PgOutputMessage.Commit end -> commit(end);
            case PgOutputMessage.Description description -> relations.describe(description);
            case PgOutputMessage.Type type -> relations.name(type.type());
            case PgOutputMessage.Insert insert ->
                    add(
                            new RowChange.Insert(
                                    relations.relation(insert.relationOid(), insert.row()),
                                    insert.row()),
                            insert.row().payloadBytes());
            case PgOutputMessage.Update update -> update(update);
            case PgOutputMessage.Delete delete ->
                    add(
                            new RowChange.Delete(
                                    relations.relation(delete.relationOid(), delete.old()),
                                    delete.old()),
                            delete.old().payloadBytes());
            case PgOutputMessage.Truncate truncate ->
                    add(new RowChange.Truncate(truncate.relationOids()), 0);
            case PgOutputMessage.Origin origin -> {}
            case PgOutputMessage.Logical logical -> {}
        }
    }

    private void begin(PgOutputMessage.Begin next) {
        if (begin != null) {
            throw MessageReader.violation("transaction " + next.xid() + " begins inside " + begin);
        }
        begin = next;
    }

    private void commit(PgOutputMessage.Commit end) {
        PgOutputMessage.Begin started = requireTransaction("a commit");
        if (!end.commitLsn().equals(started.finalLsn())
                || end.endLsn().compareTo(end.commitLsn()) <= 0) {
            throw MessageReader.violation(
                    "commit at "
                            + end.commitLsn()
                            + " to "
                            + end.endLsn()
                            + " ends a transaction announced for "
                            + started.finalLsn());
        }
        flush(started);
        begin = null;
        sink.accept(
                new StreamEvent.Commit(
                        started.finalLsn(),
                        end.endLsn(),
                        started.xid(),
                        end.commitTime() + EPOCH_MICROS));
    }

    private void update(PgOutputMessage.Update update) {
        Relation relation = relations.relation(update.relationOid(), update.row());
        long size = update.row().payloadBytes();
        Tuple old = update.old();
        if (old != null) {
            relations.relation(update.relationOid(), old);
            size += old.payloadBytes();
        }
        add(new RowChange.Update(relation, old, update.row()), size);
    }

    private void add(RowChange change, long size) {
        PgOutputMessage.Begin started = requireTransaction("a change");
        rows.add(change);
        bytes += size;
        if (rows.size() >= ROWS_MAX || bytes >= BYTES_MAX) {
            flush(started);
        }
    }

    private void flush(PgOutputMessage.Begin started) {
        if (!rows.isEmpty()) {
            List<RowChange> part = rows;
            rows = new ArrayList<>();
            bytes = 0;
            sink.accept(new StreamEvent.Changes(started.finalLsn(), started.xid(), part));
        }
    }

    private PgOutputMessage.Begin requireTransaction(String what) {
        PgOutputMessage.Begin started = begin;
        if (started == null) {
            throw MessageReader.violation(what + " outside a transaction");
        }
        return started;
    }

    /** The announced end of the transaction in progress, for messages to people. */
    Lsn finalLsn() {
        PgOutputMessage.Begin started = begin;
        return started == null ? Lsn.ZERO : started.finalLsn();
    }
}
