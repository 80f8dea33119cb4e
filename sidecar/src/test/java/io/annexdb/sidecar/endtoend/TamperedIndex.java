package io.annexdb.sidecar.endtoend;

import io.annexdb.sidecar.index.IndexRegistry;
import io.annexdb.sidecar.index.IndexSettings;
import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.replication.CatalogReader;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.function.Consumer;

/** Changes the files of a stopped sidecar so that they are whole and wrong. */
final class TamperedIndex {
    private TamperedIndex() {}

    /** Stops the sidecar, changes its files, and starts it over them. */
    static void restart(SharedAnnex annex, Consumer<VectorIndex> change) throws SQLException {
        annex.running().stopSidecar();
        change(annex.files(), annex.session().connection(), change);
        annex.running().startSidecar();
    }

    /** Lets the change write to each of the shards that there are, as if the stream had. */
    static void change(Path files, Connection catalog, Consumer<VectorIndex> change)
            throws SQLException {
        try (IndexRegistry registry = IndexRegistry.open(IndexSettings.of(files))) {
            for (ShardDefinition shard : CatalogReader.read(catalog)) {
                VectorIndex index = registry.openOrCreate(shard);
                change.accept(index);
                index.commit(index.lsn());
            }
        }
    }
}
