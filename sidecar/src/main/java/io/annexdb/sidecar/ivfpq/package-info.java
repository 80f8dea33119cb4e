/**
 * Inverted lists of product codes, and nothing else: training, appending, searching, the files.
 * Called by the index, which says when to train and reranks what a search finds. Imports what it
 * encodes and scans with.
 */
@NullMarked
package io.annexdb.sidecar.ivfpq;

import org.jspecify.annotations.NullMarked;
