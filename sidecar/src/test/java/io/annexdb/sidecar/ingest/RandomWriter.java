package io.annexdb.sidecar.ingest;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Changes rows of table docs in every way until told to stop: rows come and go, vectors, other
 * columns and keys change, in transactions of which one in five is rolled back. For several threads
 * at once.
 *
 * @param ids how many ids each thread has; those of one remainder by two, so that their statements
 *     do not collide
 * @param statementsMost of a transaction; with 1 each statement commits
 */
record RandomWriter(Scene scene, long seed, int ids, int statementsMost) {
    private static final String VECTOR =
            "(SELECT array_agg(random()) FROM generate_series(1, 600))";

    private static final List<String> STATEMENTS =
            List.of(
                    "INSERT INTO docs SELECT ?, 'new', " + VECTOR + " ON CONFLICT DO NOTHING",
                    "DELETE FROM docs WHERE id = ?",
                    "UPDATE docs SET tenant = 'u' || (random() * 3)::int WHERE id = ?",
                    "UPDATE docs SET v = " + VECTOR + " WHERE id = ?",
                    "UPDATE docs SET id = id + 20000 WHERE id = ? AND NOT EXISTS (SELECT FROM docs"
                            + " o WHERE o.id = docs.id + 20000)",
                    "UPDATE docs SET id = id - 20000 WHERE id = 20000 + ? AND NOT EXISTS (SELECT"
                            + " FROM docs o WHERE o.id = docs.id - 20000)");

    /**
     * Writes as one of the threads.
     *
     * @param remainder 0 or 1
     * @return how many statements it has executed
     */
    int run(AtomicBoolean done, int remainder) throws SQLException {
        Random random = new Random(seed + remainder);
        int count = 0;
        try (Connection connection = scene.connect()) {
            connection.setAutoCommit(statementsMost == 1);
            while (!done.get()) {
                for (int i = random.nextInt(statementsMost); i >= 0; i--) {
                    String sql = STATEMENTS.get(random.nextInt(STATEMENTS.size()));
                    try (PreparedStatement statement = connection.prepareStatement(sql)) {
                        statement.setLong(1, random.nextInt(ids) * 2L + remainder);
                        statement.execute();
                        count++;
                    }
                }
                end(connection, random);
            }
        }
        return count;
    }

    private void end(Connection connection, Random random) throws SQLException {
        if (statementsMost == 1) {
            return;
        }
        if (random.nextInt(5) == 0) {
            connection.rollback();
        } else {
            connection.commit();
        }
    }
}
