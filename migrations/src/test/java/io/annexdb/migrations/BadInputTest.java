package io.annexdb.migrations;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.sql.SQLException;

/** Every wrong argument is refused with its SQLSTATE, the numbers and a hint; nothing is left. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BadInputTest {
    private Database database;

    @BeforeAll
    void createTables() throws SQLException {
        database = Database.migrated();
        database.run(
                "create table docs (id int primary key, embedding real[], title text)",
                "insert into docs values (1, '{1,2,3}', 'a'), (2, '{3,2,1}', 'b')",
                "create table keyless (embedding real[])",
                "create table deferrable_key (id int primary key deferrable, embedding real[])",
                "create table numeric_key (id numeric primary key, embedding real[])",
                "create table no_identity (id int primary key, embedding real[])",
                "alter table no_identity replica identity nothing",
                "create unlogged table unlogged_docs (id int primary key, embedding real[])",
                "create temp table temporary_docs (id int primary key, embedding real[])",
                "create table computed (id int primary key, embedding real[] generated always as"
                        + " (array[id::real]) stored)",
                "create view seen as select * from docs",
                "create table parts (id int primary key, embedding real[]) partition by range (id)",
                "create table part partition of parts for values from (0) to (10)",
                "create table parent (id int primary key, embedding real[])",
                "create table child () inherits (parent)",
                "create table priced (id int primary key, price numeric(8, 2), embedding real[])",
                "create collation unaccented (provider = icu, locale = 'und-u-ks-level1',"
                        + " deterministic = false)",
                "create table computed_price (id int primary key, price int, twice int generated"
                        + " always as (price * 2) stored, word text collate unaccented, embedding"
                        + " real[])",
                "create table unindexed (id int primary key, embedding real[])",
                "create table prints (id int primary key, code bit(9))",
                "select annex.create_index('docs', 'embedding')");
    }

    @AfterAll
    void close() throws SQLException {
        database.close();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "42703 | column \"nosuch\" of table \"public.docs\" | 'docs', 'nosuch'",
                "42804 | column \"title\" has type text | 'docs', 'title'",
                "22004 | needed | null, 'embedding'",
                "55000 | \"public.keyless\" has no usable key | 'keyless', 'embedding'",
                "55000 | no usable key | 'deferrable_key', 'embedding'",
                "55000 | no usable key | 'no_identity', 'embedding'",
                "0A000 | key column \"id\" has type numeric | 'numeric_key', 'embedding'",
                "0A000 | is unlogged | 'unlogged_docs', 'embedding'",
                "0A000 | is temporary | 'temporary_docs', 'embedding'",
                "0A000 | is generated | 'computed', 'embedding'",
                "42809 | is not a table | 'seen', 'embedding'",
                "42809 | is a system catalog | 'pg_class', 'relacl'",
                "0A000 | is a partition | 'part', 'embedding'",
                "0A000 | has inheritance children | 'parent', 'embedding'",
                "22023 | unknown metric | 'unindexed', 'embedding', metric => 'euclid'",
                "42804 | metric hamming is not for column | 'unindexed', 'embedding', metric =>"
                        + " 'hamming'",
                "42804 | metric jaccard is not for column | 'unindexed', 'embedding', metric =>"
                        + " 'Jaccard'",
                "42804 | metric cosine is not for column | 'prints', 'code'",
                "42804 | metric l2 is not for column | 'prints', 'code', metric => 'l2'",
                "22023 | unknown method | 'unindexed', 'embedding', method => 'tree'",
                "0A000 | method ivfpq is not for metric l1 | 'unindexed', 'embedding', metric =>"
                        + " 'l1', method => 'ivfpq'",
                "0A000 | quantization sq8 | 'unindexed', 'embedding', method => 'ivfpq', options"
                        + " => '{\"quantization\": \"sq8\"}'",
                "22023 | nlist is 0, allowed are 1 to 65536 | 'unindexed', 'embedding', method =>"
                        + " 'ivfpq', options => '{\"nlist\": 0}'",
                "22023 | nbits is 6, allowed are 4 and 8 | 'unindexed', 'embedding', method =>"
                        + " 'ivfpq', options => '{\"nbits\": 6}'",
                "22023 | nprobe is 20, but there are 10 lists | 'unindexed', 'embedding', method =>"
                        + " 'ivfpq', options => '{\"nlist\": 10, \"nprobe\": 20}'",
                "22023 | m is 4, allowed are 1 to 3 | 'unindexed', 'embedding', method =>"
                        + " 'ivfpq', options => '{\"m\": 4, \"dimension\": 3}'",
                "22023 | not an option of method auto: nprobe | 'unindexed', 'embedding', options"
                        + " => '{\"nprobe\": 4}'",
                "0A000 | included column \"embedding\" has type real[] | 'unindexed', 'embedding',"
                        + " include => '{id,embedding}'",
                "0A000 | included column \"twice\" is generated | 'computed_price', 'embedding',"
                        + " include => '{twice}'",
                "0A000 | included column \"word\" has type text | 'computed_price', 'embedding',"
                        + " include => '{word}'",
                "42703 | column \"nosuch\" | 'unindexed', 'embedding', include => '{nosuch}'",
                "42701 | included twice | 'unindexed', 'embedding', include => '{id,id}'",
                "22023 | m is 3, allowed are 4 to 100 | 'unindexed', 'embedding', options =>"
                        + " '{\"m\": 3}'",
                "22023 | unknown option: M | 'unindexed', 'embedding', options => '{\"M\": 3}'",
                "22023 | not a JSON object | 'unindexed', 'embedding', options => '[]'",
                "22023 | unknown storage of vectors | 'unindexed', 'embedding', options =>"
                        + " '{\"vectors\": \"disk\"}'",
                "22023 | unknown quantization | 'unindexed', 'embedding', options =>"
                        + " '{\"quantization\": \"pg\"}'",
                "0A000 | quantization pq | 'unindexed', 'embedding', metric => 'l1', options =>"
                        + " '{\"quantization\": \"pq\"}'",
                "0A000 | namespace column \"price\" has type numeric(8,2) | 'priced', 'embedding',"
                        + " namespace_column => 'price'",
                "42703 | column \"tenant\" | 'unindexed', 'embedding', namespace_column =>"
                        + " 'tenant'",
                "42710 | already exists | 'unindexed', 'embedding', name => 'docs_embedding'",
                "42710 | has an index already: \"docs_embedding\" | 'docs', 'embedding', name =>"
                        + " 'another'",
                "42710 | has an index already: \"docs_embedding\" | 'docs', 'embedding'",
            })
    void createIndexRefuses(String sqlState, String message, String arguments) throws SQLException {
        database.refuses(sqlState, message, "select annex.create_index(" + arguments + ")");
        assertEquals("docs_embedding", database.query("select index_name from annex.indexes"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "22023 | k is 0, allowed are 1 to 10000 | 'embedding', '{1,2,3}', 0",
                "22023 | k is 10001 | 'embedding', '{1,2,3}', 10001",
                "22023 | k is NULL | 'embedding', '{1,2,3}', null",
                "42703 | column \"nosuch\" | 'nosuch', '{1,2,3}'",
                "42704 | column \"title\" of table public.docs has no index | 'title', '{1,2,3}'",
                "22000 | expected 3 dimensions, not 2 | 'embedding', '{1,2}'",
                "22004 | query is NULL | 'embedding', null",
                "22P02 | 0 dimensions as an array | 'embedding', '{}'",
                "22P02 | 2 dimensions as an array | 'embedding', '{{1,2,3}}'",
                "22P02 | element 2 of the query vector is NaN | 'embedding', '{1,NaN,3}'",
                "22P02 | element 3 of the query vector is -Infinity | 'embedding',"
                        + " '{1,2,-Infinity}'",
                "22P02 | element 1 of the query vector is NULL | 'embedding', '{NULL,2,3}'",
                "22P02 | zero vector | 'embedding', '{0,-0,0}'",
                "22023 | has no namespace column | 'embedding', '{1,2,3}', namespace => 'a'",
                "22023 | max_distance | 'embedding', '{1,2,3}', max_distance => 'NaN'",
                "22023 | ef_search is 0 | 'embedding', '{1,2,3}', ef_search => 0",
                "22023 | unknown consistency \"weak\" | 'embedding', '{1,2,3}', consistency =>"
                        + " 'weak'",
            })
    void searchRefuses(String sqlState, String message, String arguments) {
        database.refuses(sqlState, message, "select annex.search(null::docs, " + arguments + ")");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "annex.fallback | sometimes | unknown annex.fallback \"sometimes\"",
                "annex.ef_search | many | annex.ef_search is \"many\"",
                "annex.ef_search | 100000 | ef_search is 100000",
                "annex.consistency | weak | unknown consistency \"weak\"",
                "annex.consistency_timeout | 5 weeks | annex.consistency_timeout is \"5 weeks\"",
                "annex.consistency_timeout | 0 | annex.consistency_timeout is 0",
            })
    void settingsAreCheckedWhenUsed(String setting, String value, String message)
            throws SQLException {
        database.run("set " + setting + " to '" + value + "'");
        try {
            database.refuses(
                    "22023", message, "select annex.search(null::docs, 'embedding', '{1,2,3}')");
        } finally {
            database.run("reset " + setting);
        }
    }

    @Test
    void unknownNamesAreToldWithThoseThatThereAre() {
        database.refuses("42704", "\"nosuch\"", "select annex.nearest('nosuch', '{1,2,3}')");
        database.refuses("42704", "\"nosuch\"", "select annex.drop_index('nosuch')");
        database.refuses("42704", "\"nosuch\"", "select annex.wait_for_index('nosuch')");
        database.refuses(
                "55000", "groups {0}", "select annex.wait_for_index('docs_embedding', '1 day')");
        database.refuses(
                "42704",
                "has no index",
                "select annex.search(null::unindexed, 'embedding', '{1,2,3}')");
        database.refuses(
                "42809",
                "not the row type",
                "select annex.search(null::int, 'embedding', '{1,2,3}')");
        database.failure("42P01", "nosuch", "select annex.create_index('nosuch', 'embedding')");
    }

    @Test
    void setupWantsASecretAndAddresses() {
        database.refuses("22004", "no secret", "select annex.setup(null)");
        database.refuses("22023", "5 characters", "select annex.setup('short')");
        for (int port : new int[] {0, 65_536, 99_999}) {
            database.refuses(
                    "22023",
                    "port is " + port + ", allowed are 1 to 65535",
                    "select annex.setup('a secret of tests', '[{\"group\": 0, \"host\": \"a\","
                            + " \"port\": "
                            + port
                            + "}]')");
        }
        database.refuses(
                "22023",
                "not a list",
                "select annex.setup('a secret of tests', '[{\"group\": 0, \"host\": \"a b\"}]')");
        database.refuses(
                "22023",
                "none of libpq's",
                "select annex.setup('a secret of tests', '[{\"group\": 0, \"host\": \"a\","
                        + " \"sslmode\": \"on\"}]')");
        database.refuses(
                "22023",
                "differ in sslmode",
                "select annex.setup('a secret of tests', '[{\"group\": 0, \"host\": \"a\"},"
                        + " {\"group\": 0, \"host\": \"b\", \"sslmode\": \"require\"}]')");
    }

    @Test
    void waitingInATransactionThatHasWrittenIsRefused() throws SQLException {
        database.connection().setAutoCommit(false);
        try {
            database.run("insert into docs values (3, null, 'c')");
            database.refuses(
                    "25001", "has written", "select annex.wait_for_index('docs_embedding')");
        } finally {
            database.connection().rollback();
            database.connection().setAutoCommit(true);
        }
    }
}
