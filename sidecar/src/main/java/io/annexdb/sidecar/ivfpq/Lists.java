package io.annexdb.sidecar.ivfpq;

import io.annexdb.sidecar.memory.MappedFile;
import io.annexdb.sidecar.memory.Native;
import io.annexdb.sidecar.memory.ReaderGate;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.atomic.LongAdder;

/**
 * The inverted lists of one model: every row that was appended has its code in the list whose
 * centroid is nearest. Lists only grow; rows that have gone are left out by whoever searches, and
 * their places go with the whole. Several may append, and any number search, without waiting for
 * each other.
 */
public final class Lists {
    /** The file grows by this. */
    static final int CHUNK_BYTES = 4 << 20;

    private static final int DRIFT_ROWS_LEAST = 10_000;
    private static final double DRIFT = 1.5;
    private static final int GROWTH = 4;

    final Model model;
    final Block layout;
    final MappedFile file;
    final ConcurrentLinkedDeque<SearchRoom> searchRooms = new ConcurrentLinkedDeque<>();
    final ConcurrentLinkedDeque<AppendRoom> appendRooms = new ConcurrentLinkedDeque<>();
    private final long number;
    private final int newFrom;
    private final ReaderGate gate;
    private final PostingList[] lists;
    private final int blocksPerChunk;
    private final LongAdder appended = new LongAdder();
    private final DoubleAdder squares = new DoubleAdder();
    private int blocks;

    /**
     * Empty lists over a file of theirs.
     *
     * @param path where the blocks go; what is there goes
     * @param number of the file, to find it again
     * @param newFrom slots from here on are of rows that the model has not been trained on
     */
    public static Lists create(Model model, Path path, long number, int newFrom)
            throws IOException {
        return new Lists(model, MappedFile.create(path, CHUNK_BYTES), number, newFrom);
    }

    Lists(Model model, MappedFile file, long number, int newFrom) {
        this.model = model;
        this.file = file;
        this.number = number;
        this.newFrom = newFrom;
        layout = new Block(model.columns());
        blocksPerChunk = CHUNK_BYTES / layout.bytes();
        lists = new PostingList[model.lists()];
        for (int i = 0; i < lists.length; i++) {
            lists[i] = new PostingList();
        }
        gate = new ReaderGate(file::close);
    }

    public Model model() {
        return model;
    }

    /** Number of the file with the blocks. */
    public long number() {
        return number;
    }

    /** Searches are inside while they read; closing lets the memory go with the last of them. */
    public ReaderGate gate() {
        return gate;
    }

    PostingList list(int index) {
        return lists[index];
    }

    /** Where a block lies. */
    long address(int block) {
        return file.address(block / blocksPerChunk)
                + (long) (block % blocksPerChunk) * layout.bytes();
    }

    int chunk(int block) {
        return block / blocksPerChunk;
    }

    int offsetInChunk(int block) {
        return block % blocksPerChunk * layout.bytes();
    }

    /** Takes blocks that follow each other, all places empty. */
    synchronized int allocate(int count) {
        int first = blocks;
        file.ensure((first + count - 1) / blocksPerChunk + 1);
        for (int block = first; block < first + count; block++) {
            Native.clear(address(block), layout.bytes());
        }
        blocks = first + count;
        return first;
    }

    /** Blocks that the file has room for. */
    int blocksThere() {
        return file.chunks() * blocksPerChunk;
    }

    /** Blocks below this number are taken. */
    synchronized void restoreBlocks(int count) {
        blocks = count;
    }

    synchronized int blocksTaken() {
        return blocks;
    }

    /** Remembers how far a row lies from its centroid. */
    void note(int slot, double square) {
        if (slot >= newFrom) {
            appended.increment();
            squares.add(square);
        }
    }

    /** Whether new rows lie much farther from the centroids than the sample did. */
    public boolean hasDrifted() {
        long rows = appended.sum();
        return rows >= Math.max(DRIFT_ROWS_LEAST, model.trainedRows() / 4)
                && squares.sum() / rows > model.error() * DRIFT;
    }

    /** Whether there are so many more rows than the model was trained for that lists got long. */
    public boolean isOutgrownBy(int rows) {
        return rows / GROWTH >= model.trainedRows();
    }

    /** Bytes of the mapped blocks and of the model. */
    public long bytes() {
        return file.bytes() + model.bytes();
    }
}
