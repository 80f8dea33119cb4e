package io.annexdb.migrations;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** annex.setup prints what a sidecar's role needs, and does it: that, once, and no more. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RolesTest {
    private static final String SIDECARS =
            "'a secret of tests', '[{\"group\": 0, \"host\": \"127.0.0.1\", \"port\": 1}]'";

    private static final String NODE =
            "select count(*), max(xmin::text::bigint) from pg_foreign_server";

    private Database database;

    @BeforeAll
    void createTable() throws SQLException {
        database = Database.migrated();
        database.run(
                "create schema \"Private Rooms\"",
                "create table \"Private Rooms\".docs (id int primary key, embedding real[])",
                "select annex.create_index('\"Private Rooms\".docs', 'embedding')");
    }

    @AfterAll
    void close() throws SQLException {
        database.run(
                "drop owned by least_of_all", "drop role least_of_all", "select annex.teardown()");
        database.close();
    }

    private List<String> printed(String sql) throws SQLException {
        List<String> messages = new ArrayList<>();
        try (Statement statement = database.connection().createStatement()) {
            statement.execute(sql);
            for (SQLWarning next = statement.getWarnings();
                    next != null;
                    next = next.getNextWarning()) {
                messages.add(next.getMessage());
            }
        }
        return messages;
    }

    @Test
    void whatIsPrintedIsDoneOnce() throws SQLException {
        String dryRun =
                "select * from annex.setup("
                        + SIDECARS
                        + ", sidecar_role => 'least_of_all', dry_run => true)";
        String before = database.query(NODE);
        List<String> planned = printed(dryRun);
        assertTrue(
                planned.contains("create role least_of_all login replication;"), planned::toString);
        assertTrue(
                planned.contains("grant usage on schema \"Private Rooms\" to least_of_all;"),
                planned::toString);
        assertTrue(
                planned.contains("grant select on \"Private Rooms\".docs to least_of_all;"),
                planned::toString);
        assertEquals(
                "0",
                database.query("select count(*) from pg_roles where rolname = 'least_of_all'"));
        assertEquals(before, database.query(NODE));

        String real = dryRun.replace("true", "false");
        assertEquals(planned, printed(real));
        assertEquals(
                "t,t,f,f,f",
                database.query(
                        "select rolcanlogin, rolreplication, rolsuper, rolcreaterole, rolcreatedb"
                                + " from pg_roles where rolname = 'least_of_all'"));
        assertEquals(
                "t",
                database.query("select bool_and(done) from annex.role_statements('least_of_all')"));
        assertTrue(
                printed(real).stream().noneMatch(each -> each.contains("least_of_all")),
                "nothing is left to do");

        database.run("set role least_of_all");
        assertEquals("1", database.query("select count(*) from annex.local_shards()"));
        assertEquals("0", database.query("select count(*) from \"Private Rooms\".docs"));
        database.failure("42501", "permission denied", "delete from \"Private Rooms\".docs");
        database.failure("42501", "permission denied", "select annex.role_statements()");
        database.run("reset role");
    }

    @Test
    void aSuperuserIsNoRoleForASidecar() {
        database.refuses(
                "22023", "is a superuser", "select * from annex.role_statements('postgres')");
    }

    @Test
    void aSlotWithoutALimitIsWarnedOf() throws SQLException {
        String setup = "select * from annex.setup(" + SIDECARS + ")";
        assertTrue(
                printed(setup).stream()
                        .anyMatch(each -> each.contains("max_slot_wal_keep_size is -1")),
                "the server's default is no limit");
        assertEquals(
                "t",
                database.query(
                        "select annex_internal.keep_advice(1::bigint << 40) is null and"
                                + " annex_internal.keep_advice(1048576) like '%less than"
                                + " max_wal_size%' and annex_internal.keep_advice(-1) like '%16"
                                + " GB%'"));
    }
}
