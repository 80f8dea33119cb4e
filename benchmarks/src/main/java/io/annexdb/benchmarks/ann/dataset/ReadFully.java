package io.annexdb.benchmarks.ann.dataset;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** Fills a buffer from a position of a file, whatever the channel returns at once. */
final class ReadFully {
    private ReadFully() {}

    static void from(FileChannel channel, long position, ByteBuffer into) throws IOException {
        int start = into.position();
        while (into.hasRemaining()) {
            int read = channel.read(into, position + into.position() - start);
            if (read < 0) {
                throw new EOFException(
                        "the file ends "
                                + into.remaining()
                                + " bytes before byte "
                                + (position + into.limit() - start));
            }
        }
        into.position(start);
    }
}
