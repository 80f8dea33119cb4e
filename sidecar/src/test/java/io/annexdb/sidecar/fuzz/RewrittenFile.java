package io.annexdb.sidecar.fuzz;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file that gets other contents again and again, and is kept open for that: what it costs is to
 * be small beside the reader that is fuzzed.
 */
public final class RewrittenFile implements AutoCloseable {
    private final Path path;
    private final FileChannel channel;

    public RewrittenFile(Path path) throws IOException {
        this.path = path;
        channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    }

    public Path path() {
        return path;
    }

    /** In place: a file that is emptied first, ext4 takes to the disk when it is closed. */
    public void replace(byte[] bytes) throws IOException {
        ByteBuffer rest = ByteBuffer.wrap(bytes);
        while (rest.hasRemaining()) {
            channel.write(rest, rest.position());
        }
        if (channel.size() > bytes.length) {
            channel.truncate(bytes.length);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
