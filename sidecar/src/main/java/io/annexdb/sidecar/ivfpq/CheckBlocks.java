package io.annexdb.sidecar.ivfpq;

import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.memory.NativeBuffer;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * Checksums of blocks. That of a block with empty places is computed over a copy where these are
 * zero, since a crash may have left something there that was appended after the checkpoint.
 */
final class CheckBlocks {
    private final Lists lists;
    private final Block layout;
    private final NativeBuffer copy;
    private final byte[] bytes;
    private final CRC32C crc = new CRC32C();

    CheckBlocks(Lists lists) {
        this.lists = lists;
        layout = lists.layout;
        copy = new NativeBuffer(layout.bytes());
        bytes = new byte[layout.bytes()];
    }

    /**
     * @param entries places taken in this block and behind it
     */
    int checksum(int block, int entries) {
        crc.reset();
        if (entries >= Block.CODES) {
            ByteBuffer view =
                    lists.file.view(lists.chunk(block), lists.offsetInChunk(block), layout.bytes());
            crc.update(view);
        } else {
            Native.copy(lists.address(block), copy.address(), layout.bytes());
            layout.clearFrom(copy.address(), entries);
            Native.getBytes(copy.address(), bytes, 0, bytes.length);
            crc.update(bytes);
        }
        return (int) crc.getValue();
    }

    /**
     * Compares all blocks with their checksums, empties places that are not taken, and those of
     * slots from {@code slots} on, which are other rows now.
     */
    boolean verify(int[][] checksums, int slots) {
        for (int i = 0; i < checksums.length; i++) {
            PostingList list = lists.list(i);
            int[] blocks = list.blocks();
            for (int b = 0; b < blocks.length; b++) {
                int entries = list.entries() - b * Block.CODES;
                if (checksum(blocks[b], entries) != checksums[i][b]) {
                    return false;
                }
                long block = lists.address(blocks[b]);
                layout.clearFrom(block, Math.min(entries, Block.CODES));
                emptyFrom(block, slots);
            }
        }
        return true;
    }

    private void emptyFrom(long block, int slots) {
        for (int rank = 0; rank < Block.CODES; rank++) {
            if (layout.slot(block, rank) >= slots) {
                layout.empty(block, rank);
            }
        }
    }
}
