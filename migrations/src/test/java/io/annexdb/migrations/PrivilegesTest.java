package io.annexdb.migrations;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

import java.sql.SQLException;

/** A search shows what the caller could have selected, and internals are closed. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PrivilegesTest {
    private static final String SEARCH =
            "select (hit).id from annex.search(null::docs, 'embedding', '{1,1}')";

    private Database database;

    @BeforeAll
    void createTables() throws SQLException {
        database = Database.migrated();
        database.run(
                "create role reader",
                "create role stranger",
                "create role follower replication",
                "create table docs (id int primary key, owner text, embedding real[])",
                "insert into docs values (1, 'reader', '{1,1}'), (2, 'boss', '{1,1}'), (3,"
                        + " 'reader', '{1,2}')",
                "grant select on docs to reader",
                "alter table docs enable row level security",
                "create policy own on docs to reader using (owner = current_user)",
                "select annex.create_index('docs', 'embedding')",
                "select annex.setup('a secret of tests', '[{\"group\": 0, \"host\": \"127.0.0.1\","
                        + " \"port\": 1}]')");
    }

    @AfterEach
    void becomeSuperuserAgain() throws SQLException {
        database.run("reset role");
    }

    @AfterAll
    void close() throws SQLException {
        database.run(
                "drop table docs",
                "select annex.teardown()",
                "drop owned by reader, stranger, follower",
                "drop role reader, stranger, follower");
        database.close();
    }

    @Test
    void policiesOfTheTableHold() throws SQLException {
        assertEquals("1;2;3", database.query(SEARCH));
        database.run("set role reader");
        assertEquals("1;3", database.query(SEARCH));
        assertEquals(
                "{\"id\": 1};{\"id\": 3}",
                database.query("select key from annex.nearest('docs_embedding', '{1,1}')"));
    }

    @Test
    void withoutSelectNothingIsAsked() throws SQLException {
        database.run("set role stranger");
        // Where policies apply the table alone answers, and so does PostgreSQL's own error.
        database.failure("42501", "permission denied for table", SEARCH);
        database.refuses(
                "42501",
                "permission denied for table",
                "select annex_internal.ask((select index_id from annex.indexes), 'search',"
                        + " '[1,1]', 1, 10, null, null, 'strong', 1000, null)");
    }

    @Test
    void onlyTheOwnerCreatesAndDropsIndexes() throws SQLException {
        database.run("set role reader");
        database.refuses(
                "42501", "must be owner", "select annex.create_index('docs', 'embedding')");
        database.refuses("42501", "must be owner", "select annex.drop_index('docs_embedding')");
    }

    @Test
    void internalsAreClosed() throws SQLException {
        database.run("set role reader");
        for (String call :
                new String[] {
                    "annex.setup('another secret')",
                    "annex.teardown()",
                    "annex.publish('{}')",
                    "annex.unpublish()",
                    "annex.local_shards()",
                    "annex.grant_sidecar('reader')",
                    "annex_internal.stored_secret()",
                    "annex_internal.signature('forged')",
                    "annex_internal.exchange('{}', '', 1)",
                    "annex_internal.send('annex_0', 'select 1', true)",
                    "annex_internal.receive('annex_0', '')",
                    "annex_internal.drop_restored_publication()",
                    "annex_internal.setup_node('another secret', '[]')",
                    "annex_internal.teardown_node()",
                    "annex_internal.on_workers('select 1')",
                    "annex_internal.generate_fetch(1)",
                    "annex_internal.remove_index('docs_embedding')",
                }) {
            database.failure("42501", "permission denied for function", "select " + call);
        }
        database.failure("42501", "permission denied", "select * from annex_internal.node");
        database.failure("42501", "permission denied", "delete from memory.vector_indexes");
        assertEquals(
                "",
                database.query("select srvname from pg_user_mappings where umoptions is not null"));
    }

    @Test
    void aSidecarsRoleGetsWhatItNeedsAndNoMore() throws SQLException {
        database.run("select annex.grant_sidecar('follower')", "set role follower");
        assertEquals(
                "docs_embedding,public.docs,{id}",
                database.query(
                        "select index_name, relation, key_columns from annex.local_shards()"));
        database.run("select id from docs");
        database.run("select annex.publish(array(select relation_oid from annex.local_shards()))");
        assertEquals(
                "docs",
                database.query(
                        "select tablename from pg_publication_tables where pubname ="
                                + " 'annex_data'"));
        database.failure("42501", "permission denied", "insert into docs values (4)");
        database.run("select annex.unpublish()");
    }
}
