/**
 * Predicates over included columns: a filter's text is parsed once to a tree of conditions, and
 * evaluated to a bitmap of slots, with PostgreSQL's three-valued logic. Called by the index and the
 * query; imports the segment only. What cannot be evaluated exactly is refused, and PostgreSQL
 * filters instead.
 */
@NullMarked
package io.annexdb.sidecar.filter;

import org.jspecify.annotations.NullMarked;
