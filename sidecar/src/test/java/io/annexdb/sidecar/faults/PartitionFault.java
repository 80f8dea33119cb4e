package io.annexdb.sidecar.faults;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Random;

/** Partitions come and go, empty and full, one for another; what is answered is exact SQL's. */
enum PartitionFault {
    CREATED("create table part_2 partition of docs for values from (2000) to (3000)", Fill.PART_2),
    DETACHED("alter table docs detach partition part_1"),
    DETACHED_CONCURRENTLY("alter table docs detach partition part_1 concurrently"),
    ATTACHED(
            "create table part_2 (like docs including all)",
            Fill.PART_2,
            "alter table docs attach partition part_2 for values from (2000) to (3000)"),
    EXCHANGED(
            "create table part_2 (like docs including all)",
            Fill.PART_2,
            "begin; alter table docs detach partition part_1;"
                    + " alter table docs attach partition part_2 for values from (2000) to (3000);"
                    + " commit"),
    DETACHED_CHANGED_AND_ATTACHED(
            "alter table docs detach partition part_1",
            "update part_1 set embedding = array_reverse(embedding)",
            "delete from part_1 where id % 2 = 0",
            "alter table docs attach partition part_1 for values from (1000) to (2000)"),
    CHANGED_WHILE_DETACHED(
            "alter table docs detach partition part_1",
            "select pg_sleep(1)",
            "update part_1 set embedding = array_reverse(embedding)",
            "alter table docs attach partition part_1 for values from (1000) to (2000)"),
    DROPPED("drop table part_1"),
    TRUNCATED("truncate part_1"),
    SPLIT_BY_LEVELS(
            "create table part_2 partition of docs for values from (2000) to (3000) partition by"
                    + " range (id)",
            "create table part_2a partition of part_2 for values from (2000) to (2500)",
            "create table part_2b partition of part_2 for values from (2500) to (3000)",
            Fill.PART_2),
    RENAMED(
            "alter table part_1 rename to part_one",
            "alter table docs rename to papers; select pg_sleep(0.5);"
                    + " alter table papers rename to docs");

    @SuppressWarnings("ImmutableEnumChecker") // of List.of
    private final List<String> statements;

    PartitionFault(String... statements) {
        this.statements = List.of(statements);
    }

    private static final class Fill {
        private static final String VECTOR =
                "array(select random() from generate_series(1, 16) where i > 0)";
        private static final String PART_2 =
                "insert into part_2 select i, 'two', "
                        + VECTOR
                        + " from generate_series(2000, 2999) i";
    }

    void run(FaultScene scene, long seed) throws Exception {
        Random random = new Random(seed);
        scene.run(
                "create table docs (id bigint primary key, title text, embedding real[]) partition"
                        + " by range (id)",
                "create table part_0 partition of docs for values from (0) to (1000)",
                "create table part_1 partition of docs for values from (1000) to (2000)",
                "insert into docs select i, 'one', "
                        + Fill.VECTOR
                        + " from generate_series(1, 1999) i",
                "select annex.create_index('docs', 'embedding', metric => 'l2', method => 'flat')");
        try (Connection connection = scene.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("set annex.fallback to exact");
            Exact.requireUntilServing(scene, statement, "docs", "embedding", random);
            for (String each : statements) {
                statement.execute(each);
                change(statement, random);
                Exact.require(statement, "docs", "embedding", random);
            }
            Exact.requireUntilServing(scene, statement, "docs", "embedding", random);
            change(statement, random);
            Exact.requireUntilServing(scene, statement, "docs", "embedding", random);
            Judge.atRest(scene, "docs", FaultScene.INDEX);
        } finally {
            scene.run(
                    "drop table if exists docs, part_0, part_1, part_one, part_2 cascade",
                    "select annex.drop_index(index_name) from memory.vector_indexes");
        }
    }

    private static void change(Statement statement, Random random) throws SQLException {
        statement.execute(
                "update docs set embedding = array_reverse(embedding) where id % 50 = "
                        + random.nextInt(50));
    }
}
