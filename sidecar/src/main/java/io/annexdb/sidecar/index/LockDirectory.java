package io.annexdb.sidecar.index;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Keeps other processes, and other registries of this one, out of a data directory. */
final class LockDirectory {
    private static final Logger LOG = LoggerFactory.getLogger(LockDirectory.class);

    private LockDirectory() {}

    /**
     * Locks the directory until the file is closed.
     *
     * @throws AnnexException CONFIGURATION if somebody has it open
     */
    static FileChannel lock(Path directory) throws IOException {
        FileChannel channel =
                FileChannel.open(
                        directory.resolve("lock"),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE);
        FileLock lock = null;
        try {
            lock = channel.tryLock();
        } catch (OverlappingFileLockException e) {
            LOG.debug("{} is locked by this process", directory, e);
        } finally {
            if (lock == null) {
                channel.close();
            }
        }
        if (lock == null) {
            throw new AnnexException(
                    ErrorCode.CONFIGURATION,
                    "another sidecar has " + directory + " open",
                    "Give every sidecar a data directory of its own, and stop it before its files"
                            + " are checked.");
        }
        return channel;
    }
}
