package io.annexdb.sidecar.model;

import java.time.Duration;

/** Compares indexes with their tables. */
@FunctionalInterface
public interface CompareIndex {
    /**
     * Starts a comparison, or goes on waiting for it. Who does not ask for ten seconds has it
     * ended.
     *
     * @param job name of the comparison, chosen by who asks
     * @param indexId the catalog's number of the index
     * @param repair whether differences are repaired
     * @param patience how long to wait for its end
     * @throws AnnexException UNDEFINED_INDEX, NOT_SERVABLE when a shard of it is not ready or is
     *     compared by another job, or what made the comparison end early
     */
    ComparisonProgress ask(String job, long indexId, boolean repair, Duration patience);
}
