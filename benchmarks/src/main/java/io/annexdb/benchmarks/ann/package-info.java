/**
 * The benchmark of approximate nearest neighbours, {@code annex bench ann}: one data set, several
 * engines, recall against queries per second. Passes are interleaved between the engines, so that a
 * machine's good and bad minutes fall on all of them alike, and figures come with their spread. The
 * engines run in processes of their own ({@code engine}), the data comes from {@code dataset}.
 */
@NullMarked
package io.annexdb.benchmarks.ann;

import org.jspecify.annotations.NullMarked;
