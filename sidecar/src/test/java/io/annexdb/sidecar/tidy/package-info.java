/**
 * Rules about the source itself: format, package documentation, banned words, and which package may
 * import which. Each failure names the remedy. Run by the ordinary test command.
 */
@NullMarked
package io.annexdb.sidecar.tidy;

import org.jspecify.annotations.NullMarked;
