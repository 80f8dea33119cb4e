/**
 * Starts and stops the sidecar's parts in order, and is the {@code annex} command line.
 * Configuration is read here and handed down as values. The only package that sees all others.
 */
@NullMarked
package io.annexdb.sidecar;

import org.jspecify.annotations.NullMarked;
