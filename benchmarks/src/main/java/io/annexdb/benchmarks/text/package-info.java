/**
 * Real text and its embeddings: the glosses of WordNet 3.1, embedded in this process by a quantised
 * MiniLM. Nothing is downloaded when it runs, text and model come as jars. Embeddings are kept in a
 * cache file of the user, because computing them is the slow part.
 */
@NullMarked
package io.annexdb.benchmarks.text;

import org.jspecify.annotations.NullMarked;
