package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ElementType;
import io.annexdb.sidecar.model.IncludedColumn;
import io.annexdb.sidecar.model.IndexDefinition;
import io.annexdb.sidecar.model.IndexOptions;
import io.annexdb.sidecar.model.ListOptions;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.Metric;
import io.annexdb.sidecar.model.Quantization;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.model.VectorStorage;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.sql.Array;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** Reads which leaf relations of this node are to be indexed, from annex.local_shards(). */
public final class CatalogReader {
    private static final Logger LOG = LoggerFactory.getLogger(CatalogReader.class);
    private static final String SHARDS =
            "SELECT s.*, annex.index_origin(s.index_id) AS origin_id FROM annex.local_shards() s";

    private CatalogReader() {}

    /**
     * The shards of this node; none when the SQL API is not installed. An index whose metric or
     * method this version does not know is left out, with a warning.
     */
    public static List<ShardDefinition> read(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            if (!isInstalled(statement)) {
                return List.of();
            }
            followNames(statement);
            List<ShardDefinition> shards = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery(SHARDS)) {
                while (rows.next()) {
                    addShard(shards, rows);
                }
            }
            return shards;
        }
    }

    private static boolean isInstalled(Statement statement) throws SQLException {
        try (ResultSet row =
                statement.executeQuery(
                        "SELECT pg_catalog.to_regprocedure('annex.local_shards()') IS NOT NULL")) {
            row.next();
            return row.getBoolean(1);
        }
    }

    /** Has the catalog follow what was renamed; older SQL cannot, or did not grant it. */
    private static void followNames(Statement statement) throws SQLException {
        try (ResultSet row =
                statement.executeQuery(
                        "SELECT"
                            + " pg_catalog.has_function_privilege(pg_catalog.to_regprocedure('annex.follow_names()'),"
                            + " 'EXECUTE')")) {
            row.next();
            if (!row.getBoolean(1)) {
                return;
            }
        }
        statement.execute("SELECT annex.follow_names()");
    }

    private static void addShard(List<ShardDefinition> shards, ResultSet row) throws SQLException {
        try {
            shards.add(
                    new ShardDefinition(
                            new IndexDefinition(
                                    row.getLong("index_id"),
                                    row.getString("index_name"),
                                    row.getString("table_name"),
                                    row.getString("column_name"),
                                    ElementType.ofColumnType(row.getString("column_type")),
                                    Metric.ofSqlName(row.getString("metric")),
                                    Method.ofSqlName(row.getString("method")),
                                    texts(row.getArray("key_columns")),
                                    row.getString("namespace_column"),
                                    row.getInt("dimension"),
                                    new IndexOptions(
                                            row.getInt("m"),
                                            row.getInt("ef_construction"),
                                            Quantization.ofSqlName(row.getString("quantization")),
                                            VectorStorage.ofSqlName(row.getString("vectors")),
                                            new ListOptions(
                                                    row.getInt("nlist"),
                                                    row.getInt("nprobe"),
                                                    row.getInt("nbits"))),
                                    included(row)),
                            row.getLong("origin_id"),
                            row.getLong("relation_oid"),
                            row.getString("relation")));
        } catch (AnnexException e) {
            LOG.warn("Index {} is left out: {}", row.getString("index_name"), e.getMessage());
        }
    }

    private static List<IncludedColumn> included(ResultSet row) throws SQLException {
        List<String> names = texts(row.getArray("include"));
        List<String> types = texts(row.getArray("include_types"));
        Integer[] numbers = (Integer[]) row.getArray("include_numbers").getArray();
        List<IncludedColumn> columns = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            columns.add(IncludedColumn.of(names.get(i), types.get(i), numbers[i]));
        }
        return columns;
    }

    static List<String> texts(Array array) throws SQLException {
        return List.of((String[]) array.getArray());
    }
}
