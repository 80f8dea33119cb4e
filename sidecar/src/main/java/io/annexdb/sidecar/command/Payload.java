package io.annexdb.sidecar.command;

import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.query.SearchRequest;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * A signed request, read.
 *
 * @param operation what is asked
 * @param nonce 32 hexadecimal digits
 * @param user the role that asked, for the log
 * @param expiresMillis wall clock
 * @param search what is searched for; null for STATUS and VERIFY
 * @param keys the rows to rank; empty unless RANK or RANK_BATCH
 * @param refresh whether STATUS reads the catalog again
 * @param comparison what VERIFY compares; null for the others
 */
record Payload(
        Operation operation,
        String nonce,
        String user,
        long expiresMillis,
        @Nullable SearchRequest search,
        List<RowKey> keys,
        boolean refresh,
        @Nullable ComparisonRequest comparison) {
    enum Operation {
        SEARCH("search"),
        RANK("rank"),
        SEARCH_BATCH("search_batch"),
        RANK_BATCH("rank_batch"),
        STATUS("status"),
        VERIFY("verify");

        private final String jsonName;

        Operation(String jsonName) {
            this.jsonName = jsonName;
        }

        String jsonName() {
            return jsonName;
        }
    }
}
