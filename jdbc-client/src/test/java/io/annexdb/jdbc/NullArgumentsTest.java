package io.annexdb.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

import java.util.List;

/** Callers whose compiler does not look are told which argument is null. */
@NullUnmarked
class NullArgumentsTest {
    private static final float[] VECTOR = {1, 2};

    private static void refused(String name, Executable call) {
        NullPointerException thrown = assertThrows(NullPointerException.class, call);
        assertEquals("argument " + name + " is null", thrown.getMessage());
    }

    @Test
    void ofARequest() {
        refused("table", () -> SearchRequest.of(null, "embedding", VECTOR, row -> row));
        refused("column", () -> SearchRequest.of("docs", null, VECTOR, row -> row));
        refused("vector", () -> SearchRequest.of("docs", "embedding", null, row -> row));
        refused("mapper", () -> SearchRequest.of("docs", "embedding", VECTOR, null));
        refused("vectors", () -> SearchRequest.ofAll("docs", "embedding", null, row -> row));
        refused(
                "expression",
                () -> SearchRequest.of("docs", "embedding", VECTOR, row -> row).filter(null));
    }

    @Test
    void ofTheRest() {
        refused("table", () -> IndexSpec.on(null, "embedding"));
        refused("column", () -> IndexSpec.on("docs", null));
        refused("columns", () -> BulkLoad.into("docs", null, (row, to) -> {}));
        refused("writer", () -> BulkLoad.into("docs", List.of("id"), null));
        try (AnnexClient client = AnnexClient.over(new org.postgresql.ds.PGSimpleDataSource())) {
            refused("spec", () -> client.createIndex(null));
            refused("name", () -> client.dropIndex(null));
            refused("request", () -> client.search(null));
            refused("request", () -> client.searchBatch(null));
        }
    }
}
