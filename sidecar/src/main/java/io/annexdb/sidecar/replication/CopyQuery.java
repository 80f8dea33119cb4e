package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.RowKey;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * The statements that read a table's columns: with the vectors, or with their hashes and the rows'
 * places instead, for those who have most of the vectors already. Pure.
 *
 * @param relation schema-qualified and quoted; only its own rows, not its children's
 * @param columns which columns, unquoted
 */
public record CopyQuery(String relation, List<String> columns) {
    public CopyQuery {
        columns = List.copyOf(columns);
    }

    /** The columns of a part's rows. */
    String rows(BlockRange part) {
        return copy(listed(columns.stream().map(CopyQuery::quoted).toList()), where(part));
    }

    /** The columns of the rows at these {@link RowPlace}s. */
    String rows(long[] places) {
        String listed =
                LongStream.of(places)
                        .mapToObj(place -> '"' + RowPlace.text(place) + '"')
                        .collect(Collectors.joining(","));
        return copy(
                listed(columns.stream().map(CopyQuery::quoted).toList()),
                " WHERE ctid = ANY ('{" + listed + "}'::pg_catalog.tid[])");
    }

    /** The columns of the rows that have these keys, as texts. */
    String rowsOf(List<Relation.Column> keyColumns, List<RowKey> keys) {
        List<String> names = keyColumns.stream().map(each -> quoted(each.name())).toList();
        List<String> arrays = new ArrayList<>();
        List<String> casts = new ArrayList<>();
        for (int i = 0; i < keyColumns.size(); i++) {
            int column = i;
            arrays.add(
                    keys.stream()
                            .map(key -> element(key.columns().get(column)))
                            .collect(Collectors.joining(",", "'{", "}'::pg_catalog.text[]")));
            casts.add("k%d::%s".formatted(i, type(keyColumns.get(i))));
        }
        String numbered =
                IntStream.range(0, keyColumns.size())
                        .mapToObj(i -> "k" + i)
                        .collect(Collectors.joining(", "));
        return copy(
                listed(columns.stream().map(CopyQuery::quoted).toList()),
                " WHERE (%s) IN (SELECT %s FROM unnest(%s) u (%s))"
                        .formatted(listed(names), listed(casts), listed(arrays), numbered));
    }

    private static String element(String text) {
        String escaped = text.replace("\\", "\\\\").replace("\"", "\\\"");
        return '"' + escaped.replace("'", "''") + '"';
    }

    private static String type(Relation.Column column) {
        TypeName name = Objects.requireNonNull(column.typeName());
        String schema = name.schema().isEmpty() ? "pg_catalog" : name.schema();
        return quoted(schema) + "." + quoted(name.name());
    }

    /**
     * As {@link #rows}, with the hash of the vector, by which SQL recognises it too, in the
     * vector's place, and each row's place behind the last column.
     */
    String hashes(BlockRange part, String vectorColumn, ElementType elements) {
        List<String> expressions =
                columns.stream()
                        .map(column ->
                                column.equals(vectorColumn)
                                        ? hash(quoted(column), elements)
                                        : quoted(column))
                        .toList();
        return copy(listed(expressions) + ", ctid", where(part));
    }

    private static String hash(String column, ElementType elements) {
        return switch (elements) {
            case FLOAT32, FLOAT16, INT8 ->
                    "pg_catalog.hash_array_extended(" + column + "::pg_catalog.float4[], 0)";
            case BIT -> "pg_catalog.hashtextextended(" + column + "::pg_catalog.text, 0)";
        };
    }

    private static String where(BlockRange part) {
        return part.equals(BlockRange.ALL) ? "" : " WHERE " + part.condition();
    }

    private static String listed(List<String> expressions) {
        return String.join(", ", expressions);
    }

    private String copy(String selected, String where) {
        return "COPY (SELECT %s FROM ONLY %s%s) TO STDOUT (FORMAT binary)"
                .formatted(selected, relation, where);
    }

    private static String quoted(String identifier) {
        return '"' + identifier.replace("\"", "\"\"") + '"';
    }
}
