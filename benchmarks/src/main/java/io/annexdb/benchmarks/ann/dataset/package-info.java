/**
 * Data sets of the ANN benchmark: readers of the common file formats, a generator, real text, exact
 * ground truth. Each is brought once into one form, base and queries as files of floats in the
 * cache folder, so that every engine reads the same bytes. Called by the benchmark command and its
 * engines.
 */
@NullMarked
package io.annexdb.benchmarks.ann.dataset;

import org.jspecify.annotations.NullMarked;
