package io.annexdb.sidecar.command;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.Column;
import io.annexdb.sidecar.model.ColumnType;
import io.annexdb.sidecar.model.Neighbor;
import io.annexdb.sidecar.query.SearchAnswer;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.stream.Stream;

/** The one row that answers a request, and its signature. All columns are text. */
final class RenderAnswer {
    static final List<Column> COLUMNS =
            Stream.of("nonce", "status", "detail", "distances", "keys", "hashes", "signature")
                    .map(name -> new Column(name, ColumnType.TEXT))
                    .toList();

    private static final String NOTHING = "{}";

    private final Signer signer;

    RenderAnswer(Signer signer) {
        this.signer = signer;
    }

    Result found(String nonce, SearchAnswer answer) {
        List<Neighbor> neighbors = answer.neighbors();
        return row(
                nonce,
                "ok",
                RenderDetail.of(answer),
                distances(neighbors),
                keys(neighbors),
                hashes(neighbors));
    }

    /** The answers of all queries one after the other; the detail tells how many rows each has. */
    Result foundAll(String nonce, SearchAnswer answer) {
        List<Neighbor> neighbors = answer.found().stream().flatMap(List::stream).toList();
        return row(
                nonce,
                "ok",
                RenderDetail.ofBatch(answer),
                distances(neighbors),
                keys(neighbors),
                hashes(neighbors));
    }

    Result status(String nonce, String detail) {
        return row(nonce, "ok", detail, NOTHING, NOTHING, NOTHING);
    }

    Result error(String nonce, AnnexException error) {
        return row(nonce, "error", RenderDetail.of(error), NOTHING, NOTHING, NOTHING);
    }

    private Result row(
            String nonce,
            String status,
            String detail,
            String distances,
            String keys,
            String hashes) {
        String signature =
                signer.sign(String.join("\n", nonce, status, detail, distances, keys, hashes));
        List<@Nullable Object> row =
                List.of(nonce, status, detail, distances, keys, hashes, signature);
        return Result.selected(COLUMNS, List.of(row));
    }

    /** A {@code float8[]} in PostgreSQL's text form. */
    private static String distances(List<Neighbor> neighbors) {
        StringBuilder array = new StringBuilder(neighbors.size() * 20 + 2).append('{');
        for (Neighbor each : neighbors) {
            separate(array).append(each.distance());
        }
        return array.append('}').toString();
    }

    /** A {@code bigint[]}. */
    private static String hashes(List<Neighbor> neighbors) {
        StringBuilder array = new StringBuilder(neighbors.size() * 21 + 2).append('{');
        for (Neighbor each : neighbors) {
            separate(array).append(each.vectorHash());
        }
        return array.append('}').toString();
    }

    /** A {@code text[]} of all key columns, row after row. */
    private static String keys(List<Neighbor> neighbors) {
        StringBuilder array = new StringBuilder(neighbors.size() * 16 + 2).append('{');
        for (Neighbor each : neighbors) {
            for (String column : each.key().columns()) {
                separate(array).append('"');
                for (int i = 0; i < column.length(); i++) {
                    char letter = column.charAt(i);
                    if (letter == '"' || letter == '\\') {
                        array.append('\\');
                    }
                    array.append(letter);
                }
                array.append('"');
            }
        }
        return array.append('}').toString();
    }

    private static StringBuilder separate(StringBuilder array) {
        return array.length() > 1 ? array.append(',') : array;
    }
}
