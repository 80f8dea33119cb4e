package io.annexdb.sidecar.command;

import java.time.Duration;

/**
 * A question after the comparison of an index with its tables.
 *
 * @param job name of the comparison, which the first question begins
 * @param indexId the catalog's number
 * @param repair whether differences are repaired
 * @param patience how long the answer may wait for the comparison's end
 */
record ComparisonRequest(String job, long indexId, boolean repair, Duration patience) {}
