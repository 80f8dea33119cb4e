package io.annexdb.sidecar.segment;

import io.annexdb.sidecar.memory.SyncedCopy;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.AttributeRow;
import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.telemetry.Failpoint;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Appends to a shard's log. Records are gathered in a buffer and written when it is full or on
 * {@link #flush}; {@link #force} makes what was written durable. For one thread at a time, except
 * {@code force}. After an error of the disk the same bytes are written again at the same place, so
 * a full disk leaves no gap; until then records are gathered, up to a limit. After a failed fsync
 * nobody knows what the file holds, and another fsync would not tell: it is lost from there. Not a
 * channel: an interrupt of the writer would close it.
 */
public final class LogWriter implements ShardLog, AutoCloseable {
    private static final int BUFFER_BYTES = 256 << 10;

    /** What a disk that takes nothing may leave in memory. */
    private static final int UNWRITTEN_BYTES_MOST = 32 << 20;

    private final Path path;
    private final ElementType elements;
    private final RandomAccessFile file;
    private ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private long written;
    private long chain;
    private LogPosition committed;
    private int recordStart;
    private volatile long unwrittenBytes;
    private volatile boolean isLost;
    private volatile boolean failsNextForce;

    private LogWriter(
            Path path,
            ElementType elements,
            RandomAccessFile file,
            long written,
            LogPosition position) {
        this.path = path;
        this.elements = elements;
        this.file = file;
        this.written = written;
        this.chain = position.chain();
        this.committed = position;
    }

    /** Starts a new log, over whatever was there. */
    public static LogWriter create(Path path, long fingerprint, ElementType elements) {
        try {
            RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw");
            file.setLength(0);
            SyncedCopy.fileCreated(path);
            Failpoint.LOG_CREATED.pass();
            LogWriter log = new LogWriter(path, elements, file, 0, LogPosition.start(fingerprint));
            log.buffer.put(LogFormat.header(fingerprint));
            return log;
        } catch (IOException e) {
            throw failed("create", path, e);
        }
    }

    /** Goes on behind a record; what lies behind is cut off. */
    public static LogWriter append(Path path, LogPosition position, ElementType elements) {
        try {
            RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw");
            file.setLength(position.bytes());
            Failpoint.LOG_CUT.pass();
            return new LogWriter(path, elements, file, position.bytes(), position);
        } catch (IOException e) {
            throw failed("open", path, e);
        }
    }

    /** Bytes of the log so far, also those still gathered. */
    public long bytes() {
        return written + buffer.position();
    }

    /** Where the last commit ended. */
    public LogPosition committed() {
        return committed;
    }

    @Override
    public void put(
            RowKey key, @Nullable String namespace, AttributeRow attributes, float[] vector) {
        byte[] name = bytes(namespace);
        begin(
                LogFormat.PUT,
                16
                        + key.encoded().length
                        + length(name)
                        + LogFormat.length(attributes)
                        + elements.bytes(vector.length));
        putBytes(key.encoded());
        putBytes(name);
        LogFormat.putAttributes(buffer, attributes);
        buffer.putInt(LogFormat.shape(elements, vector.length));
        VectorBytes.put(elements, buffer, vector);
        end();
    }

    @Override
    public void delete(RowKey key) {
        begin(LogFormat.DELETE, 8 + key.encoded().length);
        putBytes(key.encoded());
        end();
    }

    @Override
    public void truncate() {
        begin(LogFormat.TRUNCATE, 0);
        end();
    }

    @Override
    public void rekey(
            RowKey oldKey, RowKey newKey, @Nullable String namespace, AttributeRow attributes) {
        byte[] name = bytes(namespace);
        begin(
                LogFormat.REKEY,
                16
                        + oldKey.encoded().length
                        + newKey.encoded().length
                        + length(name)
                        + LogFormat.length(attributes));
        putBytes(oldKey.encoded());
        putBytes(newKey.encoded());
        putBytes(name);
        LogFormat.putAttributes(buffer, attributes);
        end();
    }

    @Override
    public void commit(Lsn endLsn) {
        begin(LogFormat.COMMIT, 8);
        buffer.putLong(endLsn.value());
        end();
        committed = new LogPosition(bytes(), chain);
    }

    @Override
    public void loaded(Lsn lsn) {
        begin(LogFormat.LOADED, 8);
        buffer.putLong(lsn.value());
        end();
        committed = new LogPosition(bytes(), chain);
    }

    /** Hands everything gathered to the operating system. */
    public void flush() {
        try {
            if (buffer.position() > 0) {
                Failpoint.LOG_UNWRITTEN.pass();
                file.seek(written);
                file.write(buffer.array(), buffer.arrayOffset(), buffer.position());
                written += buffer.position();
                buffer.clear();
                Failpoint.LOG_WRITTEN.pass();
            }
            unwrittenBytes = 0;
        } catch (IOException e) {
            unwrittenBytes = buffer.position();
            throw failed("write", path, e);
        }
    }

    /** Bytes that the disk has refused so far; 0 while it takes them. */
    public long unwrittenBytes() {
        return unwrittenBytes;
    }

    /**
     * Makes everything flushed durable.
     *
     * @throws AnnexException OUT_OF_RESOURCES if that failed, now or ever before
     */
    public void force() {
        if (isLost) {
            throw failed("rely on", path, new IOException("an fsync of it has failed"));
        }
        try {
            long bytes = file.length();
            if (failsNextForce) {
                throw new IOException("a test has it fail");
            }
            file.getFD().sync();
            SyncedCopy.logSynced(path, bytes);
            Failpoint.LOG_SYNCED.pass();
        } catch (IOException e) {
            isLost = true;
            throw failed("fsync", path, e);
        }
    }

    /** For tests: the next fsync fails. */
    public void failNextForce() {
        failsNextForce = true;
    }

    /** Whether an fsync has failed: the rows must go to another log. */
    public boolean isLost() {
        return isLost;
    }

    /** Removes the file. */
    public void delete() {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw failed("delete", path, e);
        }
    }

    @Override
    public void close() {
        try {
            file.close();
        } catch (IOException e) {
            throw failed("close", path, e);
        }
    }

    private void begin(byte type, int payloadBytes) {
        int needed = LogFormat.RECORD_HEADER_BYTES + 1 + payloadBytes;
        if (needed > buffer.remaining()) {
            makeRoom(needed);
        }
        recordStart = buffer.position();
        buffer.position(recordStart + LogFormat.RECORD_HEADER_BYTES);
        buffer.put(type);
    }

    /** Writes what is gathered; what the disk refuses stays, and the buffer grows. */
    private void makeRoom(int needed) {
        try {
            flush();
        } catch (AnnexException e) {
            if (buffer.position() + (long) needed > UNWRITTEN_BYTES_MOST) {
                throw e;
            }
        }
        if (needed > buffer.remaining()) {
            int bytes = Math.max(BUFFER_BYTES, 2 * buffer.position()) + needed;
            buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN).put(buffer.flip());
        }
    }

    private void end() {
        int body = recordStart + LogFormat.RECORD_HEADER_BYTES;
        int length = buffer.position() - body;
        buffer.putInt(recordStart, length);
        int checksum = LogFormat.checksum(buffer.slice(body, length));
        buffer.putInt(recordStart + 4, checksum);
        chain = LogPosition.next(chain, checksum);
    }

    private void putBytes(byte @Nullable [] bytes) {
        if (bytes == null) {
            buffer.putInt(-1);
        } else {
            buffer.putInt(bytes.length).put(bytes);
        }
    }

    private static byte @Nullable [] bytes(@Nullable String text) {
        return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
    }

    private static int length(byte @Nullable [] bytes) {
        return bytes == null ? 0 : bytes.length;
    }

    private static AnnexException failed(String what, Path path, IOException e) {
        return new AnnexException(
                ErrorCode.OUT_OF_RESOURCES,
                "could not " + what + " the log " + path + ": " + e.getMessage(),
                "Check the disk's free space and health.",
                e);
    }
}
