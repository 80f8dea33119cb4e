package io.annexdb.benchmarks.ann.dataset;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Path;

/**
 * Divides a base file and an optional query file; without the latter, the last rows are queries.
 */
final class HoldOut {
    private HoldOut() {}

    /** Rows of one file. */
    interface Rows {
        long count() throws IOException;

        void read(long from, long to, VectorSink sink) throws IOException;
    }

    static void deliver(
            DatasetSource.Limits limits,
            Rows file,
            @Nullable Rows queryFile,
            VectorSink base,
            VectorSink queries)
            throws IOException {
        long count = file.count();
        if (queryFile != null) {
            queryFile.read(0, Math.min(queryFile.count(), limits.queries()), queries);
            file.read(0, Math.min(count, limits.rows()), base);
            return;
        }
        long heldOut = limits.queries();
        if (heldOut >= count) {
            throw new AnnexException(
                    ErrorCode.INVALID_PARAMETER_VALUE,
                    "the file has %d rows, of which %d were to be held out as queries"
                            .formatted(count, heldOut),
                    "Give fewer with --queries, or a file of queries with --query-file.");
        }
        file.read(count - heldOut, count, queries);
        file.read(0, Math.min(count - heldOut, limits.rows()), base);
    }

    static String describe(Path file, @Nullable Path queryFile) {
        return queryFile == null
                ? file.getFileName() + ", its last rows held out as queries"
                : file.getFileName() + " with queries of " + queryFile.getFileName();
    }
}
