/**
 * {@code annex demo}: the main job on real input, from an empty machine to a measured recall. One
 * file for each stage: load the glosses, build the index, show searches, measure. It reaches Annex
 * the way an application does, by SQL and by the JDBC client.
 */
@NullMarked
package io.annexdb.benchmarks.demo;

import org.jspecify.annotations.NullMarked;
