package io.annexdb.sidecar.command;

import io.annexdb.sidecar.model.Column;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * What a statement answers.
 *
 * @param columns empty for a statement without rows
 * @param rows values of the columns' types
 * @param tag what CommandComplete says
 * @param effect on the session
 */
public record Result(
        List<Column> columns,
        List<List<@Nullable Object>> rows,
        String tag,
        Statement.Effect effect) {
    static Result of(List<Column> columns, List<List<@Nullable Object>> rows, String tag) {
        return new Result(columns, rows, tag, Statement.Effect.NONE);
    }

    static Result selected(List<Column> columns, List<List<@Nullable Object>> rows) {
        return of(columns, rows, "SELECT " + rows.size());
    }

    static Result done(String tag, Statement.Effect effect) {
        return new Result(List.of(), List.of(), tag, effect);
    }
}
