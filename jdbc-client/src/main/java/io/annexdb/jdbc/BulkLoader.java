package io.annexdb.jdbc;

import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Runs one load on one connection, a transaction for each batch.
 *
 * <p>New rows go by COPY straight into the table. Rows that may replace others go by COPY into a
 * temporary table, which lives for the transaction only (and so works through a pooler), then from
 * there by INSERT ... ON CONFLICT; of rows with the same key within a batch the last one counts.
 */
final class BulkLoader<T> {
    private static final int CHUNK_BYTES = 1 << 16;
    private static final String STAGE = "pg_temp.annex_stage";
    private static final Set<String> BRACKETED_TYPES = Set.of("vector", "halfvec");

    private final Connection connection;
    private final BulkLoad<T> load;
    private final String columnList;
    private long rows;
    private long bytes;

    BulkLoader(Connection connection, BulkLoad<T> load) {
        this.connection = connection;
        this.load = load;
        this.columnList = list(load.columns());
    }

    /** Returns the number of rows sent; the connection is outside a transaction then. */
    long run(Iterator<? extends T> source) throws SQLException {
        ColumnWriter writer = new ColumnWriter(load.table().sql(), bracketedColumns());
        boolean autoCommit = connection.getAutoCommit();
        connection.setAutoCommit(false);
        try {
            while (source.hasNext()) {
                batch(source, writer);
            }
        } catch (SQLException | RuntimeException e) {
            undo(e);
            throw e;
        }
        connection.setAutoCommit(autoCommit);
        return rows;
    }

    private void batch(Iterator<? extends T> source, ColumnWriter writer) throws SQLException {
        if (load.keys().isEmpty()) {
            copy(load.table().sql(), source, writer);
        } else {
            upsert(source, writer);
        }
        connection.commit();
        load.progress().accept(new BulkProgress(rows, bytes));
    }

    private void undo(Exception reason) {
        try {
            connection.rollback();
            connection.setAutoCommit(true);
        } catch (SQLException e) {
            reason.addSuppressed(e);
        }
    }

    private void upsert(Iterator<? extends T> source, ColumnWriter writer) throws SQLException {
        execute(
                "CREATE TEMPORARY TABLE annex_stage ON COMMIT DROP AS SELECT %s FROM %s WITH NO DATA"
                        .formatted(columnList, load.table().sql()));
        execute(
                "ALTER TABLE %s ADD annex_ordinal bigint GENERATED ALWAYS AS IDENTITY"
                        .formatted(STAGE));
        copy(STAGE, source, writer);
        execute(mergeStatement());
    }

    private String mergeStatement() {
        String keys = list(load.keys());
        String updates =
                load.columns().stream()
                        .filter(column -> !load.keys().contains(column))
                        .map(TableName::quoted)
                        .map(column -> column + " = EXCLUDED." + column)
                        .collect(Collectors.joining(", "));
        return """
        INSERT INTO %s (%s)
        SELECT %s FROM %s
        WHERE annex_ordinal IN (SELECT max(annex_ordinal) FROM %s GROUP BY %s)
        ON CONFLICT (%s) DO %s\
        """
                .formatted(
                        load.table().sql(),
                        columnList,
                        columnList,
                        STAGE,
                        STAGE,
                        keys,
                        keys,
                        updates.isEmpty() ? "NOTHING" : "UPDATE SET " + updates);
    }

    private void copy(String target, Iterator<? extends T> source, ColumnWriter writer)
            throws SQLException {
        CopyIn copy =
                connection
                        .unwrap(PGConnection.class)
                        .getCopyAPI()
                        .copyIn("COPY %s (%s) FROM STDIN".formatted(target, columnList));
        try {
            for (int i = 0; i < load.batchRows() && source.hasNext(); i++) {
                load.writer().write(source.next(), writer);
                writer.endRow();
                rows++;
                if (writer.size() >= CHUNK_BYTES) {
                    send(copy, writer);
                }
            }
            send(copy, writer);
            copy.endCopy();
        } finally {
            if (copy.isActive()) {
                copy.cancelCopy();
            }
        }
    }

    private void send(CopyIn copy, ColumnWriter writer) throws SQLException {
        byte[] chunk = writer.take();
        copy.writeToCopy(chunk, 0, chunk.length);
        bytes += chunk.length;
    }

    private boolean[] bracketedColumns() throws SQLException {
        String probe = "SELECT %s FROM %s LIMIT 0".formatted(columnList, load.table().sql());
        try (Statement statement = connection.createStatement();
                ResultSet none = statement.executeQuery(probe)) {
            ResultSetMetaData columns = none.getMetaData();
            boolean[] bracketed = new boolean[columns.getColumnCount()];
            for (int i = 0; i < bracketed.length; i++) {
                String type = columns.getColumnTypeName(i + 1).replace("\"", "");
                bracketed[i] = BRACKETED_TYPES.contains(type.substring(type.lastIndexOf('.') + 1));
            }
            return bracketed;
        }
    }

    private void execute(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String list(List<String> columns) {
        return columns.stream().map(TableName::quoted).collect(Collectors.joining(", "));
    }
}
