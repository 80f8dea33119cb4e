package io.annexdb.jdbc;

/**
 * How far an index is.
 *
 * @param index the index's name
 * @param state {@code waiting} until a sidecar has taken notice, {@code loading}, {@code ready},
 *     {@code failed}, or {@code unreachable} when a sidecar does not answer
 * @param rowsDone rows of the first copy that are in the index
 * @param rowsExpected rows that the first copy will bring, by the planner's estimate; 0 as long as
 *     it is unknown
 */
public record IndexProgress(String index, String state, long rowsDone, long rowsExpected) {}
