package io.annexdb.jdbc;

/**
 * One row of an answer.
 *
 * @param row what the request's {@link RowMapper} made of the row
 * @param distance distance to the query in the index's metric; smaller is nearer
 */
public record Hit<T>(T row, double distance) {}
