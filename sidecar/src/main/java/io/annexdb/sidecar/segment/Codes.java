package io.annexdb.sidecar.segment;

import io.annexdb.sidecar.memory.MemoryBudget;
import io.annexdb.sidecar.memory.ReaderGate;
import io.annexdb.sidecar.memory.Slab;
import io.annexdb.sidecar.quantization.Quantizer;

/**
 * The codes of a shard's vectors, by slot, and the quantizer that made them. A new training puts
 * other codes in their place; the old ones' memory goes with their last reader.
 */
public final class Codes {
    private static final int READ_BEHIND_BYTES = 64;

    private final Quantizer quantizer;
    private final Slab codes;
    private final ReaderGate gate;
    private final double trainingError;

    /**
     * @param trainingError mean squared error of the vectors of the training
     */
    Codes(Quantizer quantizer, double trainingError, VectorStore vectors, MemoryBudget budget) {
        this.quantizer = quantizer;
        this.trainingError = trainingError;
        codes = new Slab(budget, "codes of an index", stride(quantizer), vectors.slotsMax() + 64L);
        gate = new ReaderGate(codes::close);
    }

    /** Whole cache lines where that takes at most a sixth more, else a multiple of 8. */
    private static long stride(Quantizer quantizer) {
        long bytes = (quantizer.codeBytes() + 7L) / 8 * 8;
        long lines = Slab.cacheLines(bytes);
        return (lines - bytes) * 6 <= bytes ? lines : bytes;
    }

    public Quantizer quantizer() {
        return quantizer;
    }

    /** Address of the code of slot 0. */
    public long base() {
        return codes.base();
    }

    public long strideBytes() {
        return codes.strideBytes();
    }

    /** The codes by slot, for the file that they lie in. */
    Slab slab() {
        return codes;
    }

    /** Makes room for so many slots. */
    public void ensure(int slots) {
        codes.ensure(slots + READ_BEHIND_BYTES / codes.strideBytes() + 1);
    }

    /** Encodes the slots of a range; before anybody scores them. */
    public void encode(VectorStore vectors, int from, int to) {
        ensure(to);
        SlotQuery query = new SlotQuery(vectors);
        for (int slot = from; slot < to; slot++) {
            quantizer.encode(query.address(slot), vectors.scale(slot), codes.address(slot));
        }
    }

    /** Mean squared error of the vectors of the training. */
    double trainingError() {
        return trainingError;
    }

    public long bytes() {
        return codes.bytes() + quantizer.bytes();
    }

    /** Whether the caller may read now; if so it must {@link #exit}. */
    public boolean enter() {
        return gate.enter();
    }

    public void exit() {
        gate.exit();
    }

    void close() {
        gate.close();
    }
}
