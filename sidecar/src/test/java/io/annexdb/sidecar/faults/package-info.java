/**
 * Faults inflicted on a sidecar and its PostgreSQL, and the judge of what is answered meanwhile and
 * of what is there afterwards. Each fault is inflicted a few times by the tests here, and as long
 * as asked by {@link LongRunTest}. Uses the servers of the end-to-end tests.
 */
@NullMarked
package io.annexdb.sidecar.faults;

import org.jspecify.annotations.NullMarked;
