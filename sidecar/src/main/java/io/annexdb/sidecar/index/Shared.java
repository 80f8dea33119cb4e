package io.annexdb.sidecar.index;

import io.annexdb.sidecar.memory.MemoryBudget;

/**
 * What all shards of a sidecar share.
 *
 * @param settings their settings
 * @param budget memory of all together
 * @param scratches scratch memory of searches
 * @param linkers threads that link fresh rows
 * @param saveManifest writes the node manifest with what is durable now
 */
record Shared(
        IndexSettings settings,
        MemoryBudget budget,
        ScratchPool scratches,
        Linkers linkers,
        Runnable saveManifest) {}
