package io.annexdb.sidecar.segment;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * Reads a shard's log: first {@link #measure}, which finds the last complete commit, then {@link
 * #replay} up to there. A record that is cut off or whose checksum fails ends the log.
 */
public final class LogReader implements AutoCloseable {
    /** Behind every position. */
    public static final Lsn NO_LIMIT = new Lsn(-1);

    private static final int CHUNK_BYTES_LEAST = 4 << 10;
    private static final int CHUNK_BYTES_MOST = 1 << 20;

    /** Type and LSN. */
    private static final int COMMIT_BYTES = 9;

    private final FileChannel channel;
    private final LogPosition start;
    private ByteBuffer buffer;
    private long bufferStart;

    /** Of the record that was read last. */
    private int checksum;

    /**
     * What a log holds.
     *
     * @param committed where the last complete commit ends
     * @param good where the last good record ends, committed or not
     * @param fileBytes length of the file
     * @param loaded whether the first copy is complete
     * @param lsn position of the last complete commit
     * @param puts good records that put a row into a slot; 0 if slots were numbered anew in between
     * @param found of the places asked for, in bytes, those where a record ends
     */
    public record Extent(
            LogPosition committed,
            LogPosition good,
            long fileBytes,
            boolean loaded,
            Lsn lsn,
            int puts,
            Map<Long, LogPosition> found) {
        public Extent {
            found = Map.copyOf(found);
        }

        /** Where the last complete commit ends; the header's length when there is none. */
        public long committedBytes() {
            return committed.bytes();
        }

        /** Whether this log begins with exactly what another one had up to a place. */
        public boolean agreesAt(LogPosition position) {
            return position.equals(found.get(position.bytes()));
        }
    }

    private LogReader(FileChannel channel, long fingerprint) throws IOException {
        this.channel = channel;
        this.start = LogPosition.start(fingerprint);
        // A node may have many shards with few rows each.
        int chunk = Math.clamp(channel.size(), CHUNK_BYTES_LEAST, CHUNK_BYTES_MOST);
        buffer = ByteBuffer.allocate(chunk).order(ByteOrder.LITTLE_ENDIAN).limit(0);
    }

    /**
     * Opens a log of this definition.
     *
     * @throws AnnexException {@link ErrorCode#DATA_CORRUPTED} if the header is torn, of an unknown
     *     version or of another definition
     */
    public static LogReader open(Path path, long fingerprint) {
        try {
            LogReader reader =
                    new LogReader(FileChannel.open(path, StandardOpenOption.READ), fingerprint);
            try {
                reader.fill(LogFormat.HEADER_BYTES);
                LogFormat.checkHeader(reader.buffer, fingerprint);
                return reader;
            } catch (IOException | RuntimeException e) {
                reader.close();
                throw e;
            }
        } catch (IOException e) {
            throw failed(path.toString(), e);
        }
    }

    /**
     * Opens a log of whatever definition.
     *
     * @throws AnnexException {@link ErrorCode#DATA_CORRUPTED} if the header is torn or of an
     *     unknown version
     */
    public static LogReader open(Path path) {
        ByteBuffer header =
                ByteBuffer.allocate(LogFormat.HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            int read = 0;
            while (read >= 0 && header.hasRemaining()) {
                read = channel.read(header);
            }
        } catch (IOException e) {
            throw failed(path.toString(), e);
        }
        return open(path, LogFormat.fingerprint(header.flip()));
    }

    /** Of the whole log, where no place is of interest. */
    public Extent measure() {
        return measure(Set.of(), NO_LIMIT);
    }

    /**
     * Walks through the log and checks every record's checksum.
     *
     * @param places in bytes, at which to say what lies before
     * @param most as if no commit behind this position had been
     */
    public Extent measure(Set<Long> places, Lsn most) {
        LogPosition committed = start;
        LogPosition good = start;
        Map<Long, LogPosition> found = new HashMap<>();
        boolean loaded = false;
        boolean isBehind = false;
        boolean isTruncated = false;
        int puts = 0;
        Lsn lsn = Lsn.ZERO;
        try {
            seek(LogFormat.HEADER_BYTES);
            for (ByteBuffer body = next(true); body != null; body = next(true)) {
                byte type = body.get(body.position());
                isTruncated |= type == LogFormat.TRUNCATE;
                puts += type == LogFormat.PUT ? 1 : 0;
                boolean isCommit = type == LogFormat.COMMIT || type == LogFormat.LOADED;
                if (isCommit && body.remaining() < COMMIT_BYTES) {
                    break;
                }
                good =
                        new LogPosition(
                                bufferStart + buffer.position(),
                                LogPosition.next(good.chain(), checksum));
                if (isCommit) {
                    Lsn next = new Lsn(body.getLong(body.position() + 1));
                    isBehind |= next.compareTo(most) > 0;
                    if (!isBehind) {
                        committed = good;
                        loaded |= type == LogFormat.LOADED;
                        lsn = next;
                    } else if (type == LogFormat.LOADED) {
                        // What was there before the copy is not to be relied on.
                        loaded = false;
                    }
                }
                if (places.contains(good.bytes())) {
                    found.put(good.bytes(), good);
                }
            }
            return new Extent(
                    committed, good, channel.size(), loaded, lsn, isTruncated ? 0 : puts, found);
        } catch (IOException e) {
            throw failed("it", e);
        }
    }

    /** Gives every record before a position that {@link #measure} found to the log. */
    public void replay(long endBytes, ShardLog log) {
        try {
            seek(LogFormat.HEADER_BYTES);
            while (bufferStart + buffer.position() < endBytes) {
                ByteBuffer body = next(false);
                if (body == null) {
                    throw LogFormat.unusable("it changed while it was read");
                }
                decode(body, log);
            }
        } catch (IOException e) {
            throw failed("it", e);
        }
    }

    private static void decode(ByteBuffer body, ShardLog log) {
        try {
            LogFormat.decode(body, log);
        } catch (BufferUnderflowException e) {
            throw LogFormat.unusable("a record ends in the middle");
        }
    }

    /** The next record's body, or null where the log ends. */
    private @Nullable ByteBuffer next(boolean check) throws IOException {
        if (!fill(LogFormat.RECORD_HEADER_BYTES)) {
            return null;
        }
        int length = buffer.getInt(buffer.position());
        checksum = buffer.getInt(buffer.position() + 4);
        if (length < 1
                || length > LogFormat.BODY_BYTES_MAX
                || !fill(LogFormat.RECORD_HEADER_BYTES + length)) {
            return null;
        }
        int start = buffer.position() + LogFormat.RECORD_HEADER_BYTES;
        ByteBuffer body = buffer.slice(start, length).order(ByteOrder.LITTLE_ENDIAN);
        if (check && LogFormat.checksum(body.duplicate()) != checksum) {
            return null;
        }
        buffer.position(start + length);
        return body;
    }

    private void seek(long position) {
        bufferStart = position;
        buffer.position(0).limit(0);
    }

    /** Whether so many bytes lie in the buffer now, after reading on if needed. */
    private boolean fill(int bytes) throws IOException {
        if (buffer.remaining() >= bytes) {
            return true;
        }
        // A length that was made up must not be taken for the buffer's.
        if (bytes > buffer.capacity() && bufferStart + buffer.position() + bytes > channel.size()) {
            return false;
        }
        bufferStart += buffer.position();
        if (bytes > buffer.capacity()) {
            buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN).put(buffer);
        } else {
            buffer.compact();
        }
        int read = 0;
        while (read >= 0 && buffer.hasRemaining()) {
            read = channel.read(buffer, bufferStart + buffer.position());
        }
        buffer.flip();
        return buffer.remaining() >= bytes;
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw failed("it", e);
        }
    }

    private static AnnexException failed(String path, IOException e) {
        return new AnnexException(
                ErrorCode.DATA_CORRUPTED,
                "could not read the log of an index, " + path + ": " + e.getMessage(),
                "Check the disk; the index is built again from its table.",
                e);
    }
}
