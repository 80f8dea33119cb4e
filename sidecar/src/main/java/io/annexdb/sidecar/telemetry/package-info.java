/**
 * Counters and timers of the sidecar, exported in Prometheus form. Imported by every package,
 * imports none. Recording never blocks and never fails.
 */
@NullMarked
package io.annexdb.sidecar.telemetry;

import org.jspecify.annotations.NullMarked;
