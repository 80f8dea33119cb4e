package io.annexdb.benchmarks.copy;

import io.annexdb.sidecar.index.CopyResult;

/**
 * How a copy went.
 *
 * @param rows rows that were read, until it was ready or those wanted were there
 * @param seconds from the first row on
 * @param secondsSinceStart from the start of the follower on: with its slots and its files
 * @param result what the copy found in the index; all zero while it is not ready
 */
record Copied(long rows, double seconds, double secondsSinceStart, CopyResult result) {}
