package io.annexdb.sidecar.ivfpq;

import io.annexdb.sidecar.kernel.CodeKernel;

/** Carries lists over to other slots: the codes stay as they are, rows that have gone stay out. */
public final class CopyLists {
    private CopyLists() {}

    /**
     * Copies.
     *
     * @param target empty lists of the same model
     * @param newSlots by old slot the new one, or -1; slots behind its end are left out
     */
    public static void run(Lists from, Lists target, int[] newSlots) {
        byte[] room = new byte[from.layout.columns()];
        for (int i = 0; i < from.model.lists(); i++) {
            PostingList to = target.list(i);
            for (int number : from.list(i).blocks()) {
                copy(from, from.address(number), target, to, newSlots, room);
            }
        }
    }

    private static void copy(
            Lists from, long block, Lists target, PostingList to, int[] newSlots, byte[] room) {
        for (int place = 0; place < Block.CODES; place++) {
            int slot = from.layout.slot(block, CodeKernel.rank(place));
            if (slot >= 0 && slot < newSlots.length && newSlots[slot] >= 0) {
                synchronized (to) {
                    int free = to.takePlace(target);
                    long last = target.address(to.lastBlock());
                    target.layout.copy(block, place, room, last, free, newSlots[slot]);
                }
            }
        }
    }
}
