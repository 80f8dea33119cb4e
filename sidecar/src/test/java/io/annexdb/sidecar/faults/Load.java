package io.annexdb.sidecar.faults;

import org.jspecify.annotations.Nullable;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Writers to table docs, each over a connection and keys of its own: inserts, updates of vector,
 * title and key, deletes, bulks of both, rollbacks. They survive restarts of PostgreSQL.
 */
final class Load implements AutoCloseable {
    static final int DIMENSION = 16;
    private static final int ROWS_MOST = 700;
    private static final int BULK = 500;

    private final FaultScene scene;
    private final Ledger ledger;
    private final List<Thread> writers = new ArrayList<>();
    private final AtomicInteger transactions = new AtomicInteger();
    private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private volatile boolean stopped;

    private Load(FaultScene scene, Ledger ledger) {
        this.scene = scene;
        this.ledger = ledger;
    }

    /** Starts writing. */
    static Load start(FaultScene scene, Ledger ledger, int writers, long seed) {
        Load load = new Load(scene, ledger);
        for (int i = 0; i < writers; i++) {
            int number = i;
            load.writers.add(
                    Thread.ofPlatform()
                            .name("writer-" + i)
                            .start(() -> load.write(number, writers, new Random(seed + number))));
        }
        return load;
    }

    static float[] vector(Random random) {
        float[] vector = new float[DIMENSION];
        for (int i = 0; i < DIMENSION; i++) {
            vector[i] = (float) random.nextGaussian();
        }
        return vector;
    }

    static Float[] boxed(float[] vector) {
        Float[] boxed = new Float[vector.length];
        for (int i = 0; i < boxed.length; i++) {
            boxed[i] = vector[i];
        }
        return boxed;
    }

    /** Writes one transaction: by key the vector that it leaves, an empty one for no row. */
    static void writeOnce(FaultScene scene, Ledger ledger, Map<Long, float[]> changes)
            throws SQLException {
        try (Connection connection = scene.connect();
                PreparedStatement delete =
                        connection.prepareStatement("delete from docs where id = any (?)");
                PreparedStatement insert =
                        connection.prepareStatement("insert into docs values (?, 'new', ?)")) {
            connection.setAutoCommit(false);
            long transaction = transactionId(connection);
            delete.setArray(1, connection.createArrayOf("int8", changes.keySet().toArray()));
            delete.execute();
            for (Map.Entry<Long, float[]> row : changes.entrySet()) {
                if (row.getValue().length > 0) {
                    insert.setLong(1, row.getKey());
                    insert.setObject(2, boxed(row.getValue()));
                    insert.addBatch();
                }
            }
            insert.executeBatch();
            ledger.record(transaction, changes);
            connection.commit();
        }
    }

    private static long transactionId(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery("select pg_current_xact_id()::text::bigint")) {
            row.next();
            return row.getLong(1);
        }
    }

    int transactions() {
        return transactions.get();
    }

    /** Ends the writers; afterwards the table stands still. */
    @Override
    public void close() {
        stopped = true;
        writers.forEach(Load::join);
        Throwable failed = failures.peek();
        if (failed != null) {
            throw new AssertionError("a writer failed", failed);
        }
    }

    private void write(int number, int writers, Random random) {
        while (!stopped) {
            try (Connection connection = scene.connect()) {
                connection.setAutoCommit(false);
                Writer writer = new Writer(connection, number, writers, random);
                while (!stopped) {
                    writer.transaction();
                    transactions.incrementAndGet();
                    Thread.sleep(2 + random.nextInt(10));
                }
            } catch (SQLException e) {
                // Only what an outage of the server explains.
                if (!isOutage(e)) {
                    failures.add(e);
                    return;
                }
                pause();
            } catch (InterruptedException | RuntimeException e) {
                failures.add(e);
                return;
            }
        }
    }

    /** Connection lost, server starting or going down. */
    static boolean isOutage(SQLException e) {
        String state = e.getSQLState();
        return state != null && (state.startsWith("08") || state.startsWith("57P"));
    }

    static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void pause() {
        try {
            Thread.sleep(50);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** One connection's writes: keys that leave a remainder of their own. */
    private final class Writer {
        private final Connection connection;
        private final int writers;
        private final Random random;
        private final Map<Long, float[]> rows = new HashMap<>();
        private final Map<Long, float[]> changes = new HashMap<>();
        private long next;

        Writer(Connection connection, int number, int writers, Random random) throws SQLException {
            this.connection = connection;
            this.writers = writers;
            this.random = random;
            next = (long) number + writers;
            try (Statement statement = connection.createStatement();
                    ResultSet row =
                            statement.executeQuery(
                                    "select id, embedding from docs where id %% %d = %d"
                                            .formatted(writers, number))) {
                while (row.next()) {
                    rows.put(row.getLong(1), unboxed((Float[]) row.getArray(2).getArray()));
                    next = Math.max(next, row.getLong(1) + writers);
                }
            }
            connection.commit();
            // Of keys that are gone for good none is used again by mistake.
            next += writers * (long) (1 + random.nextInt(1_000)) * 1_000;
        }

        void transaction() throws SQLException {
            changes.clear();
            long id = transactionId(connection);
            int kind = random.nextInt(100);
            if (rows.size() > ROWS_MOST) {
                delete(BULK);
            } else if (kind < 2) {
                insert(BULK);
            } else {
                insert(random.nextInt(8));
                for (int i = random.nextInt(4); i > 0; i--) {
                    update();
                }
                delete(random.nextInt(3));
            }
            if (kind > 94) {
                connection.rollback();
                return;
            }
            ledger.record(id, changes);
            connection.commit();
            changes.forEach((key, vector) -> {
                if (vector.length == 0) {
                    rows.remove(key);
                } else {
                    rows.put(key, vector);
                }
            });
        }

        private void insert(int count) throws SQLException {
            try (PreparedStatement insert =
                    connection.prepareStatement("insert into docs values (?, 'new', ?)")) {
                for (int i = 0; i < count; i++) {
                    float[] vector = vector(random);
                    insert.setLong(1, next);
                    insert.setObject(2, boxed(vector));
                    insert.addBatch();
                    changes.put(next, vector);
                    next += writers;
                }
                insert.executeBatch();
            }
        }

        /** Another vector, another title, or another key, of a row that was there before. */
        private void update() throws SQLException {
            Long key = any();
            if (key == null) {
                return;
            }
            switch (random.nextInt(3)) {
                case 0 -> {
                    float[] vector = vector(random);
                    execute("update docs set embedding = ? where id = ?", boxed(vector), key);
                    changes.put(key, vector);
                }
                case 1 -> execute("update docs set title = 'other' || ? where id = ?", next, key);
                default -> {
                    execute("update docs set id = ? where id = ?", next, key);
                    changes.put(next, rows.getOrDefault(key, new float[0]));
                    changes.put(key, new float[0]);
                    next += writers;
                }
            }
        }

        private void delete(int count) throws SQLException {
            List<Long> keys =
                    rows.keySet().stream()
                            .filter(key -> !changes.containsKey(key))
                            .limit(count)
                            .toList();
            try (PreparedStatement delete =
                    connection.prepareStatement("delete from docs where id = any (?)")) {
                delete.setArray(1, connection.createArrayOf("int8", keys.toArray()));
                delete.execute();
            }
            keys.forEach(key -> changes.put(key, new float[0]));
        }

        private @Nullable Long any() {
            return rows.keySet().stream()
                    .skip(rows.isEmpty() ? 0 : random.nextInt(rows.size()))
                    .filter(key -> !changes.containsKey(key))
                    .findFirst()
                    .orElse(null);
        }

        private void execute(String sql, Object value, long key) throws SQLException {
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                statement.setObject(1, value);
                statement.setLong(2, key);
                statement.execute();
            }
        }
    }

    static float[] unboxed(Float[] values) {
        float[] vector = new float[values.length];
        for (int i = 0; i < vector.length; i++) {
            vector[i] = values[i];
        }
        return vector;
    }
}
