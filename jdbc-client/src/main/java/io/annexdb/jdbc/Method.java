package io.annexdb.jdbc;

import java.util.Locale;

/** The structure behind an index. */
public enum Method {
    /** Chosen by the number of rows: exact scan while that is quick, a graph from then on. */
    AUTO,
    /** Hierarchical navigable small world graph: approximate, milliseconds on millions of rows. */
    HNSW,
    /** Exact scan of all vectors, outside PostgreSQL's buffers. */
    FLAT,
    /** Inverted lists of product codes: for the largest, coldest data, and far quicker to build. */
    IVFPQ;

    String sqlName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
