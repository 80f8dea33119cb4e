package io.annexdb.migrations;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.sql.SQLException;

/** What is created can be dropped in every way, and leaves nothing in the catalogs. */
class LifecycleTest {
    private Database database;

    @BeforeEach
    void createTable() throws SQLException {
        database = Database.migrated();
        database.run(
                "create schema app",
                "create table app.docs (id int primary key, embedding real[])",
                "insert into app.docs values (1, '{1,2}')");
    }

    @AfterEach
    void close() throws SQLException {
        database.close();
    }

    private void createIndex() throws SQLException {
        database.run("select annex.create_index('app.docs', 'embedding')");
        assertEquals(
                "docs_embedding,2",
                database.query("select index_name, dimension from annex.indexes"));
    }

    private void assertNothingIsLeft() throws SQLException {
        assertEquals(
                "0,0,0,0,0",
                database.query(
                        """
                        select (select count(*) from memory.vector_indexes),
                            (select count(*) from pg_proc where proname ~ '^fetch_\\d+$'),
                            (select count(*) from pg_publication),
                            (select count(*) from pg_foreign_server),
                            (select count(*) from pg_replication_slots where database = current_database())
                        """));
    }

    @Test
    void dropIndex() throws SQLException {
        createIndex();
        database.run("select annex.drop_index('docs_embedding')");
        assertNothingIsLeft();
    }

    @Test
    void rollbackOfCreateIndex() throws SQLException {
        database.connection().setAutoCommit(false);
        createIndex();
        database.connection().rollback();
        database.connection().setAutoCommit(true);
        assertNothingIsLeft();
    }

    @Test
    void dropTable() throws SQLException {
        createIndex();
        database.run("drop table app.docs");
        assertNothingIsLeft();
    }

    @Test
    void dropColumn() throws SQLException {
        createIndex();
        database.run("alter table app.docs drop column embedding");
        assertNothingIsLeft();
    }

    @Test
    void dropSchema() throws SQLException {
        createIndex();
        database.run("drop schema app cascade");
        assertNothingIsLeft();
    }

    /** Without a superuser there is no event trigger. */
    @Test
    void setupForgetsTablesThatWereDroppedUnseen() throws SQLException {
        createIndex();
        database.run(
                "alter event trigger annex_follow_drops disable",
                "drop table app.docs",
                "alter event trigger annex_follow_drops enable");
        assertEquals("", database.query("select * from annex.local_shards()"));
        database.run("select annex.setup('a secret of tests')");
        assertEquals("", database.query("select index_name from annex.indexes"));
        database.run("select annex.teardown()");
        assertNothingIsLeft();
    }

    @Test
    void teardownUndoesSetupAndAllIndexes() throws SQLException {
        createIndex();
        database.run(
                "select annex.setup('a secret of tests')",
                "select annex.publish(array(select relation_oid from annex.local_shards()))",
                "select pg_create_logical_replication_slot('annex_main', 'pgoutput')",
                "select annex.teardown()");
        assertNothingIsLeft();
        assertEquals("1", database.query("select count(*) from app.docs"));

        createIndex();
        database.run("select annex.setup('a secret of tests')", "select annex.teardown()");
        assertNothingIsLeft();
    }

    @Test
    void setupIsRepeatableAndKeepsTheSecret() throws SQLException {
        assertEquals(
                "annex_0,127.0.0.1,7432",
                database.query("select * from annex.setup('a secret of tests')"));
        String key = database.query("select inner_key, outer_key from annex_internal.node");
        assertEquals(
                "annex_0,db,7000",
                database.query(
                        "select * from annex.setup(null, '[{\"group\": 0, \"host\": \"db\","
                                + " \"port\": 7000}]')"));
        assertEquals(key, database.query("select inner_key, outer_key from annex_internal.node"));
        assertEquals(
                "annex_0,db,7000",
                database.query("select * from annex.setup('another secret of tests')"));
        assertEquals(
                "1",
                database.query(
                        "select count(*) from pg_user_mappings where 'password=another secret of"
                                + " tests' = any (umoptions)"));
        database.run("select annex.teardown()");
    }

    @Test
    void setupKeepsHowSidecarsAreReachedUntilToldOtherwise() throws SQLException {
        String options =
                "select o.option_value from pg_foreign_server s, pg_options_to_table(srvoptions) o"
                        + " where srvname = 'annex_0' and option_name like 'ssl%' order by 1";
        database.query(
                "select * from annex.setup('a secret of tests', '[{\"group\": 0, \"host\": \"db\","
                        + " \"sslmode\": \"verify-full\", \"sslrootcert\": \"/etc/ca.pem\"}]')");
        assertEquals("/etc/ca.pem;verify-full", database.query(options));
        database.query("select * from annex.setup('another secret of tests')");
        assertEquals("/etc/ca.pem;verify-full", database.query(options));
        database.query(
                "select * from annex.setup(null, '[{\"group\": 0, \"host\": \"db\","
                        + " \"sslmode\": \"require\"}]')");
        assertEquals("require", database.query(options));
        database.query("select * from annex.setup(null, '[{\"group\": 0, \"host\": \"db\"}]')");
        assertEquals("", database.query(options));
        database.run("select annex.teardown()");
    }

    @Test
    void aRestoredCopyHasToNameItsOwnSidecars() throws SQLException {
        createIndex();
        database.query("select * from annex.setup('a secret of tests')");
        database.run(
                "select annex.publish(array(select relation_oid from annex.local_shards()))",
                "update annex_internal.node set system_identifier = system_identifier + 1");
        database.refuses("55000", "is a copy", "select annex.setup(null)");
        database.query(
                "select * from annex.setup(null, '[{\"group\": 0, \"host\": \"own\", \"port\":"
                        + " 1}]')");
        assertEquals("0", database.query("select count(*) from pg_publication"));
        database.run("select annex.setup(null)");
    }

    @Test
    void anIndexedTableCanBeRecreated() throws SQLException {
        createIndex();
        database.run(
                "drop table app.docs",
                "create table app.docs (key uuid primary key, embedding real[])",
                "insert into app.docs values ('00000000-0000-0000-0000-000000000001', '{1,2,3}')",
                "select annex.create_index('app.docs', 'embedding')");
        assertEquals(
                "docs_embedding,3,{key}",
                database.query("select index_name, dimension, key_columns from annex.indexes"));
    }

    @Test
    void aDroppedColumnIsIncludedNoMore() throws SQLException {
        database.run(
                "create table priced (id int primary key, price int, label text, embedding real[])",
                "select annex.create_index('priced', 'embedding', include => '{label,price}')");
        String include = "select include from annex.indexes where index_name = 'priced_embedding'";
        assertEquals("{label,price}", database.query(include));
        database.run("alter table priced drop column price");
        assertEquals("{label}", database.query(include));
        database.run("alter table priced add column price int");
        assertEquals("{label}", database.query(include));
    }

    @Test
    void partitionsAreTheLeavesOfAnIndex() throws SQLException {
        database.run(
                "create table app.parts (id int primary key, embedding real[]) partition by range"
                        + " (id)",
                "create table app.low partition of app.parts for values from (0) to (10)",
                "create table app.high partition of app.parts for values from (10) to (20)",
                "select annex.create_index('app.parts', 'embedding')");
        assertEquals(
                "app.low;app.high",
                database.query("select relation from annex.local_shards() order by relation_oid"));
        database.run("alter table app.parts detach partition app.low");
        assertEquals("app.high", database.query("select relation from annex.local_shards()"));
    }

    @Test
    void publishHoldsExactlyWhatIsAsked() throws SQLException {
        database.run("create table app.keyless (id int)");
        database.run("select annex.publish(array['app.docs'::regclass::oid])");
        assertEquals("docs", database.query("select tablename from pg_publication_tables"));
        database.refuses(
                "55000",
                "without a usable replica identity: app.keyless",
                "select annex.publish(array['app.docs'::regclass::oid,"
                        + " 'app.keyless'::regclass::oid])");
        database.refuses("42P01", "no tables", "select annex.publish('{4000000000}')");
        database.run("select annex.publish('{}')");
        assertNothingIsLeft();
    }
}
