/**
 * Judged by literal bytes, by a real PostgreSQL's own text of every value, and by mutated messages
 * that must end in an error and nothing else. Run by the ordinary test command.
 */
@NullMarked
package io.annexdb.sidecar.replication;

import org.jspecify.annotations.NullMarked;
