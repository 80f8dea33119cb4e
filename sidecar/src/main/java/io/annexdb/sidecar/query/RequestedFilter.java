package io.annexdb.sidecar.query;

import java.util.Map;

/**
 * A filter as the SQL functions send it.
 *
 * @param text one boolean SQL expression, which PostgreSQL has found valid
 * @param columns the columns that it may use, with their types as the catalog describes them now
 * @param utc whether the session's time zone is UTC
 */
public record RequestedFilter(String text, Map<String, String> columns, boolean utc) {
    public RequestedFilter {
        columns = Map.copyOf(columns);
    }
}
