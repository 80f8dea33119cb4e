package io.annexdb.migrations;

import org.flywaydb.core.Flyway;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;

import javax.sql.DataSource;

/**
 * Brings a database to the current version of Annex. It keeps its own history table, {@code
 * annex.schema_history}, and so does not meet an application's Flyway.
 *
 * <p>Running it again does nothing, unless Citus has been enabled meanwhile: then it distributes
 * the tables and installs the functions on every node. On Citus it connects to the coordinator.
 */
public final class AnnexMigrations {
    /** Shards of each distributed table, when the caller does not say. */
    public static final int DEFAULT_SHARD_COUNT = 12;

    /**
     * What the database itself says; it stands in the files, so that they run again when it
     * changes.
     */
    private static final String DATABASE_FACTS =
            """
            select exists (select from pg_extension where extname = 'citus') as citus,
                coalesce(
                    (select quote_ident(nspname) from pg_extension e
                        join pg_namespace n on n.oid = e.extnamespace where extname = 'dblink'),
                    'annex_internal') as dblink
            """;

    private AnnexMigrations() {}

    /**
     * Migrates the database at a JDBC URL.
     *
     * @param url for example {@code jdbc:postgresql://localhost:5432/app}
     * @param user a role that may create schemas and extensions; a superuser also gets the event
     *     trigger that follows {@code DROP TABLE}
     * @param password its password, or null where none is asked for
     * @param placeholders over the defaults: {@code shardCount}
     * @return how many files were run
     */
    public static int migrate(
            String url, String user, @Nullable String password, Map<String, String> placeholders) {
        PGSimpleDataSource dataSource = new PGSimpleDataSource();
        dataSource.setUrl(url);
        dataSource.setUser(user);
        dataSource.setPassword(password);
        return migrate(dataSource, placeholders);
    }

    /**
     * Migrates the database behind a data source.
     *
     * @param dataSource gives connections to the database, on Citus to the coordinator
     * @param placeholders over the defaults: {@code shardCount}
     * @return how many files were run
     * @throws IllegalStateException if the database cannot be asked what it has, or is a worker of
     *     Citus, which gets everything from its coordinator
     */
    public static int migrate(DataSource dataSource, Map<String, String> placeholders) {
        Map<String, String> all = new HashMap<>();
        all.put("shardCount", Integer.toString(DEFAULT_SHARD_COUNT));
        all.putAll(placeholders);
        all.putAll(databaseFacts(dataSource));
        return Flyway.configure(AnnexMigrations.class.getClassLoader())
                .dataSource(dataSource)
                .locations("classpath:io/annexdb/migrations", "classpath:io/annexdb/sql")
                .defaultSchema("annex")
                .schemas("annex")
                .createSchemas(true)
                .table("schema_history")
                .placeholders(all)
                .load()
                .migrate()
                .migrationsExecuted;
    }

    private static Map<String, String> databaseFacts(DataSource dataSource) {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement();
                ResultSet facts = statement.executeQuery(DATABASE_FACTS)) {
            facts.next();
            if (facts.getBoolean("citus") && isWorker(connection)) {
                throw new IllegalStateException(
                        "this is a worker of Citus; migrate its coordinator instead");
            }
            return Map.of(
                    "citus", Boolean.toString(facts.getBoolean("citus")),
                    "dblink", facts.getString("dblink"));
        } catch (SQLException e) {
            throw new IllegalStateException("cannot ask the database: " + e.getMessage(), e);
        }
    }

    private static boolean isWorker(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet group =
                        statement.executeQuery("select groupid <> 0 from pg_dist_local_group")) {
            return group.next() && group.getBoolean(1);
        }
    }
}
