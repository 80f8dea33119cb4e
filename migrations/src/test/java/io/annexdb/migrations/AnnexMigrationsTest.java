package io.annexdb.migrations;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.TreeSet;

import javax.sql.DataSource;

class AnnexMigrationsTest {
    @Test
    void runsFromAnEmptyDatabaseAndThenHasNothingToDo() throws SQLException {
        DataSource database = SharedPostgres.emptyDatabase();

        assertTrue(AnnexMigrations.migrate(database, Map.of()) > 3);
        assertEquals(0, AnnexMigrations.migrate(database, Map.of()));

        assertEquals(
                "[graph_edges, graph_nodes, memory_entries, metadata, patterns, sessions,"
                        + " trajectories, vector_indexes]",
                tablesOf(database, "memory"));
        assertEquals("[schema_history]", tablesOf(database, "annex"));
    }

    @Test
    void runsBesideAnApplicationsOwnHistoryAndItsOwnDblink() throws SQLException {
        DataSource database = SharedPostgres.emptyDatabase();
        execute(database, "create extension dblink");
        execute(database, "create table flyway_schema_history (installed_rank int)");

        assertTrue(AnnexMigrations.migrate(database, Map.of()) > 3);

        assertEquals("[flyway_schema_history]", tablesOf(database, "public"));
    }

    @Test
    void everyFunctionViewAndTableIsDescribed() throws SQLException {
        DataSource database = SharedPostgres.emptyDatabase();
        AnnexMigrations.migrate(database, Map.of());
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows =
                        statement.executeQuery(
                                """
                                select string_agg(what, ', ') from (
                                    select p.oid::regprocedure::text from pg_proc p
                                    where pronamespace in ('annex'::regnamespace, 'annex_internal'::regnamespace)
                                        and obj_description(p.oid, 'pg_proc') is null
                                        and not exists (select from pg_depend d
                                            where d.objid = p.oid and d.deptype = 'e')
                                    union all
                                    select c.oid::regclass::text from pg_class c
                                    where relnamespace in ('annex'::regnamespace,
                                            'annex_internal'::regnamespace, 'memory'::regnamespace)
                                        and relkind in ('r', 'v') and relname <> 'schema_history'
                                        and obj_description(c.oid, 'pg_class') is null) undescribed (what)
                                """)) {
            rows.next();
            assertEquals(null, rows.getString(1));
        }
    }

    private static String tablesOf(DataSource database, String schema) throws SQLException {
        TreeSet<String> tables = new TreeSet<>();
        try (Connection connection = database.getConnection();
                ResultSet rows =
                        connection
                                .getMetaData()
                                .getTables(null, schema, "%", new String[] {"TABLE"})) {
            while (rows.next()) {
                tables.add(rows.getString("TABLE_NAME"));
            }
        }
        return tables.toString();
    }

    private static void execute(DataSource database, String sql) throws SQLException {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
