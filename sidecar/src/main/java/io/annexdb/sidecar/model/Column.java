package io.annexdb.sidecar.model;

/**
 * A column of a result.
 *
 * @param name as clients see it
 * @param type of every value in it that is not null
 */
public record Column(String name, ColumnType type) {}
