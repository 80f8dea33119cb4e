package io.annexdb.benchmarks.ann.engine;

import io.annexdb.benchmarks.ann.dataset.RowHash;
import io.annexdb.benchmarks.ann.dataset.VectorFile;
import io.annexdb.jdbc.AnnexClient;
import io.annexdb.jdbc.BulkLoad;

import java.util.List;
import java.util.stream.IntStream;

/** Loads the rows of a data set by COPY into {@code items (id, bucket, embedding)}. */
final class LoadItems {
    private LoadItems() {}

    static void run(
            String jdbcUrl,
            String user,
            String password,
            VectorFile base,
            Engine.BuildProgress progress) {
        try (AnnexClient client =
                AnnexClient.builder(jdbcUrl).user(user).password(password).poolSize(1).build()) {
            BulkLoad<Integer> load =
                    BulkLoad.<Integer>into(
                                    "items",
                                    List.of("id", "bucket", "embedding"),
                                    (row, columns) -> {
                                        columns.write(row);
                                        columns.write(RowHash.bucket(row));
                                        columns.write(base.row(row));
                                    })
                            .onProgress(
                                    done -> progress.at("load", done.rowsCommitted(), base.rows()))
                            .build();
            client.load(load, IntStream.range(0, base.rows()).boxed().iterator());
        }
    }
}
