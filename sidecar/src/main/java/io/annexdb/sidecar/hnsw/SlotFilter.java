package io.annexdb.sidecar.hnsw;

/** Which slots may be answered; the others only lead on. */
@FunctionalInterface
public interface SlotFilter {
    boolean accepts(int slot);
}
