package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.AttributeRow;
import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.IncludedColumn;
import io.annexdb.sidecar.model.IndexDefinition;
import io.annexdb.sidecar.model.RowKey;
import io.annexdb.sidecar.replication.AttributeValue;
import io.annexdb.sidecar.replication.ColumnType;
import io.annexdb.sidecar.replication.Relation;
import io.annexdb.sidecar.replication.TextValue;
import io.annexdb.sidecar.replication.Tuple;
import io.annexdb.sidecar.replication.VectorValue;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.List;

/**
 * Reads an index's columns out of a relation's tuples: bound once per description of the relation,
 * so that a row costs no look-up by name. Pure.
 */
final class RowReader {
    private static final int NONE = -1;

    private final Relation relation;
    private final int[] keys;
    private final ColumnType[] keyTypes;
    private final int namespace;
    private final ColumnType namespaceType;
    private final List<IncludedColumn> included;
    private final int[] attributes;
    private final int vector;
    private final ColumnType vectorType;

    /**
     * Binds an index to a relation as it is described now.
     *
     * @throws AnnexException CONFIGURATION when a column is missing or of a type Annex cannot read
     */
    RowReader(IndexDefinition index, Relation relation) {
        this.relation = relation;
        List<String> names = index.keyColumns();
        this.keys = names.stream().mapToInt(name -> position(relation, name, "key")).toArray();
        this.keyTypes = Arrays.stream(keys).mapToObj(this::scalar).toArray(ColumnType[]::new);
        String namespaceName = index.namespaceColumn();
        this.namespace =
                namespaceName == null ? NONE : position(relation, namespaceName, "namespace");
        this.namespaceType = namespace == NONE ? ColumnType.TEXT : scalar(namespace);
        this.included = index.include();
        this.attributes =
                included.stream().mapToInt(column -> attribute(relation, column)).toArray();
        this.vector = position(relation, index.column(), "vector");
        this.vectorType = relation.columns().get(vector).requireType();
        if (!vectorType.isVector()) {
            throw wrongUse(vector, "cannot be indexed as a vector");
        }
        if (elements(vectorType) != index.elements()) {
            throw wrongUse(vector, "is not what the index was created for");
        }
    }

    Relation relation() {
        return relation;
    }

    RowKey key(Tuple tuple) {
        return key(tuple, null);
    }

    /** The key; a long key column that did not change is taken from the old tuple. */
    RowKey key(Tuple tuple, @Nullable Tuple old) {
        String[] texts = new String[keys.length];
        for (int i = 0; i < keys.length; i++) {
            Tuple source = tuple.isUnchanged(keys[i]) && old != null ? old : tuple;
            texts[i] = required(source, keys[i], keyTypes[i]);
        }
        return RowKey.of(texts);
    }

    @Nullable String namespace(Tuple tuple) {
        if (namespace == NONE || tuple.isNull(namespace)) {
            return null;
        }
        return required(tuple, namespace, namespaceType);
    }

    /** The included columns. */
    AttributeRow attributes(Tuple tuple) {
        if (attributes.length == 0) {
            return AttributeRow.NONE;
        }
        AttributeRow.Builder row = new AttributeRow.Builder(attributes.length);
        for (int i = 0; i < attributes.length; i++) {
            if (attributes[i] != NONE) {
                AttributeValue.read(included.get(i), tuple, attributes[i], row, i);
            }
        }
        return row.build();
    }

    boolean hasVector(Tuple tuple) {
        return !tuple.isNull(vector);
    }

    /** True when the update left a vector alone that is stored out of line. */
    boolean keepsVector(Tuple tuple) {
        return tuple.isUnchanged(vector);
    }

    /** The vector's elements; none when it has NULL elements or several dimensions. */
    float[] vector(Tuple tuple) {
        return VectorValue.of(vectorType, tuple, vector);
    }

    /** Of a tuple that has the vector's hash in its place. */
    long vectorHash(Tuple tuple) {
        return tuple.bigint(vector);
    }

    private String required(Tuple tuple, int column, ColumnType type) {
        if (tuple.isNull(column) || tuple.isUnchanged(column)) {
            throw new AnnexException(
                    ErrorCode.DATA_CORRUPTED,
                    "column \""
                            + relation.columns().get(column).name()
                            + "\" of "
                            + relation.name()
                            + " is needed and was not sent",
                    "Keys and namespaces must not be NULL or longer than about 2 kB.");
        }
        return TextValue.of(type, tuple, column);
    }

    private ColumnType scalar(int column) {
        ColumnType type = relation.columns().get(column).requireType();
        if (type.isVector()) {
            throw wrongUse(column, "cannot be a key or a namespace");
        }
        return type;
    }

    private static ElementType elements(ColumnType type) {
        return switch (type) {
            case BIT, VARBIT -> ElementType.BIT;
            case HALFVEC -> ElementType.FLOAT16;
            case REAL_ARRAY,
                    VECTOR,
                    BOOLEAN,
                    BIGINT,
                    NAME,
                    SMALLINT,
                    INTEGER,
                    TEXT,
                    OID,
                    CHARACTER,
                    VARCHAR,
                    DATE,
                    TIMESTAMP,
                    TIMESTAMPTZ,
                    UUID ->
                    ElementType.FLOAT32;
        };
    }

    /**
     * Where an included column is; nowhere when it is gone or has another type by now, and then its
     * values are unknown until the catalog's definition is followed.
     */
    private static int attribute(Relation relation, IncludedColumn column) {
        int position = relation.indexOf(column.name());
        return position >= 0 && AttributeValue.isReadable(column, relation.columns().get(position))
                ? position
                : NONE;
    }

    private static int position(Relation relation, String column, String use) {
        int position = relation.indexOf(column);
        if (position < 0) {
            throw new AnnexException(
                    ErrorCode.CONFIGURATION,
                    relation.name() + " has no " + use + " column \"" + column + "\" any more",
                    "Drop the index and create it again.");
        }
        return position;
    }

    private AnnexException wrongUse(int column, String what) {
        Relation.Column found = relation.columns().get(column);
        return new AnnexException(
                ErrorCode.CONFIGURATION,
                "column \"" + found.name() + "\" of type " + found.requireType() + " " + what,
                "Drop the index and create it again.");
    }
}
