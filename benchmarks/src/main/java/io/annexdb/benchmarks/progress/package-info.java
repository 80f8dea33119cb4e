/**
 * Progress for people. A bar where there is a terminal; elsewhere a plain line when something
 * begins, every few seconds, and when it ends. Everything that may take longer than a second
 * reports here.
 */
@NullMarked
package io.annexdb.benchmarks.progress;

import org.jspecify.annotations.NullMarked;
