package io.annexdb.benchmarks.ann.engine;

import io.annexdb.sidecar.index.IndexRegistry;
import io.annexdb.sidecar.index.ShardStatus;
import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.model.Lsn;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/** Replaces rows of annex's index by the calls that its ingest makes. */
final class AnnexRows implements LiveRows {
    private final IndexRegistry registry;
    private final VectorIndex index;
    private final AnnexEngine engine;
    private long position;

    AnnexRows(IndexRegistry registry, VectorIndex index, AnnexEngine engine) {
        this.registry = registry;
        this.index = index;
        this.engine = engine;
        this.position = index.lsn().value();
    }

    @Override
    public void replace(int row, float[] vector) {
        engine.upsert(index, row, vector);
    }

    @Override
    public void commit() {
        Lsn lsn = new Lsn(++position);
        index.commit(lsn);
        registry.advanceApplied(lsn);
    }

    @Override
    public void sync() {
        registry.sync();
    }

    @Override
    public long fresh() {
        return index.status().freshRows();
    }

    @Override
    public Map<String, Long> figures() {
        ShardStatus status = index.status();
        Map<String, Long> figures = new LinkedHashMap<>();
        figures.put("live rows", status.rows());
        figures.put("tombstones", status.tombstones());
        figures.put("fresh rows", status.freshRows());
        new TreeMap<>(status.memoryBytes())
                .forEach((part, bytes) -> figures.put("bytes of " + part, bytes));
        figures.put("bytes of files", status.fileBytes());
        return figures;
    }
}
