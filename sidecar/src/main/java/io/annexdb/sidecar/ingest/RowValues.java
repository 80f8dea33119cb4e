package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.model.AttributeRow;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.replication.Tuple;

import org.jspecify.annotations.Nullable;

/** What an index keeps of a row. A class because of its array, which nobody changes. */
final class RowValues {
    private final RowKey key;
    private final @Nullable String namespace;
    private final AttributeRow attributes;
    private final float[] vector;

    RowValues(RowKey key, @Nullable String namespace, AttributeRow attributes, float[] vector) {
        this.key = key;
        this.namespace = namespace;
        this.attributes = attributes;
        this.vector = vector;
    }

    /** The values of a row of the table; null when it has no vector. */
    static @Nullable RowValues read(RowReader reader, Tuple row) {
        return reader.hasVector(row)
                ? new RowValues(
                        reader.key(row),
                        reader.namespace(row),
                        reader.attributes(row),
                        reader.vector(row))
                : null;
    }

    RowKey key() {
        return key;
    }

    @Nullable String namespace() {
        return namespace;
    }

    AttributeRow attributes() {
        return attributes;
    }

    float[] vector() {
        return vector;
    }
}
