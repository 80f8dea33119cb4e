package io.annexdb.benchmarks.stream;

import io.annexdb.benchmarks.ann.dataset.VectorFile;

import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;
import org.postgresql.copy.CopyManager;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.locks.LockSupport;

/**
 * Writes rows of a data set into the table, in the order of the file: each transaction is one COPY
 * in binary form, which costs the client next to nothing. For one thread; {@link #newest} is for
 * any.
 */
final class CopyRows {
    private static final int FLOAT4_OID = 700;
    private static final byte[] SIGNATURE =
            "PGCOPY\n\u00ff\r\n\0".getBytes(StandardCharsets.ISO_8859_1);

    private final CopyManager copies;
    private final VectorFile base;
    private final ByteBuffer buffer;
    private volatile @Nullable Committed newest;
    private volatile int next;

    /**
     * A row whose transaction has ended.
     *
     * @param row its id, which is its number in the data set
     * @param nanos when the commit returned, by {@link System#nanoTime}
     */
    record Committed(int row, long nanos) {}

    CopyRows(Connection connection, VectorFile base, int transactionRows) throws SQLException {
        this.copies = connection.unwrap(PGConnection.class).getCopyAPI();
        this.base = base;
        this.buffer = ByteBuffer.allocate(64 + transactionRows * (42 + 8 * base.dimension()));
    }

    /** The last row of the transaction that ended last. */
    @Nullable Committed newest() {
        return newest;
    }

    /** Rows committed so far. */
    int rows() {
        return next;
    }

    /** Writes up to this row, in transactions of at most so many rows. */
    void run(int toRow, int transactionRows) throws SQLException {
        while (next < toRow) {
            transaction(Math.min(transactionRows, toRow - next));
        }
    }

    /**
     * Writes at the plan's rate until the time is up or the data set ends.
     *
     * @return seconds that it took
     */
    double stream(StreamPlan plan, int seconds) throws SQLException {
        long started = System.nanoTime();
        long deadline = started + seconds * 1_000_000_000L;
        int first = next;
        while (System.nanoTime() < deadline && next + plan.transactionRows() <= base.rows()) {
            transaction(plan.transactionRows());
            if (plan.rowsPerSecond() > 0) {
                long due = started + (long) ((next - first) * 1e9 / plan.rowsPerSecond());
                awaitTime(due);
            }
        }
        return (System.nanoTime() - started) / 1e9;
    }

    private static void awaitTime(long due) {
        long rest = due - System.nanoTime();
        while (rest > 0) {
            LockSupport.parkNanos(rest);
            rest = due - System.nanoTime();
        }
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes
    private void transaction(int rows) throws SQLException {
        buffer.clear();
        buffer.put(SIGNATURE).putInt(0).putInt(0);
        for (int i = 0; i < rows; i++) {
            row(next + i);
        }
        buffer.putShort((short) -1);
        CopyIn copy = copies.copyIn("COPY stream_rows (id, embedding) FROM STDIN (FORMAT binary)");
        copy.writeToCopy(buffer.array(), 0, buffer.position());
        copy.endCopy();
        long now = System.nanoTime();
        next += rows;
        newest = new Committed(next - 1, now);
    }

    private void row(int row) {
        float[] vector = base.row(row);
        buffer.putShort((short) 2);
        buffer.putInt(Long.BYTES).putLong(row);
        buffer.putInt(20 + 8 * vector.length);
        buffer.putInt(1).putInt(0).putInt(FLOAT4_OID).putInt(vector.length).putInt(1);
        for (float component : vector) {
            buffer.putInt(Float.BYTES).putFloat(component);
        }
    }
}
