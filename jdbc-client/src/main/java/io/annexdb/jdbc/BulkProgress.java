package io.annexdb.jdbc;

/**
 * How far a bulk load is; reported after every committed batch.
 *
 * @param rowsCommitted rows sent and committed since the load began
 * @param bytesSent bytes of COPY data sent since the load began
 */
public record BulkProgress(long rowsCommitted, long bytesSent) {}
