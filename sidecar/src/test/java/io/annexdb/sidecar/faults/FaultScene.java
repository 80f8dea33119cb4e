package io.annexdb.sidecar.faults;

import static io.annexdb.sidecar.endtoend.AnnexServer.freePort;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.migrations.AnnexMigrations;
import io.annexdb.sidecar.endtoend.AnnexServer;
import io.annexdb.sidecar.endtoend.Ask;
import io.annexdb.sidecar.endtoend.SidecarProcess;
import io.annexdb.sidecar.replication.TestServer;
import io.annexdb.sidecar.telemetry.RecoveryDecision;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.BooleanSupplier;

/**
 * One PostgreSQL with Annex, whose sidecar is a process to be killed: the place where faults are
 * inflicted.
 */
final class FaultScene implements AutoCloseable {
    static final String INDEX = "docs_embedding";

    static final String CREATE_INDEX =
            "select annex.create_index('docs', 'embedding', metric => 'l2', method => 'hnsw',"
                    + " options => '{\"quantization\": \"rabitq\"}')";

    /** The slot of the sidecar, by its name. */
    static final String SLOT = "annex_test";

    private static final String THE_SLOT =
            "select from pg_replication_slots where slot_name = '" + SLOT + "'";

    private static final int FIRST_WITH_ARRAY_REVERSE = 18;

    private static final String ARRAY_REVERSE =
            "create function array_reverse(real[]) returns real[] language sql immutable as 'select"
                    + " array_agg(x order by i desc) from unnest($1) with ordinality u (x, i)'";

    /** How long anything may take to be right again. */
    static final int PATIENCE_SECONDS = 60;

    /** After so long without an answer it is noted what the sidecar does, for the message. */
    private static final int SUSPICIOUS_SECONDS = 15;

    /** Little to compile, for most sidecars here live for seconds, and so the scalar kernels. */
    private static final List<String> FLAGS =
            List.of(
                    "-Xmx256m",
                    "-XX:TieredStopAtLevel=1",
                    "-XX:+UseSerialGC",
                    "-Dannex.kernel.bits=64");

    private final TestServer postgres;
    private final Path folder;
    private final SyncedImage image;
    private final int wirePort = freePort();
    private final int httpPort = freePort();
    private int auditMillis = 200;
    private @Nullable SidecarProcess sidecar;

    private FaultScene(TestServer postgres, Path folder) throws IOException {
        this.postgres = postgres;
        this.folder = folder;
        this.image = new SyncedImage(index());
    }

    /**
     * Starts a server with Annex, and no sidecar yet.
     *
     * @param settings of the server, names and values in turn
     */
    static FaultScene open(Path folder, String... settings) throws Exception {
        List<String> all = new ArrayList<>(List.of(settings));
        all.addAll(List.of("max_replication_slots", "20", "max_wal_senders", "20"));
        TestServer postgres =
                TestServer.startIn(folder.resolve("data"), all.toArray(String[]::new));
        try {
            AnnexMigrations.migrate(postgres.url(), "postgres", null, Map.of());
            FaultScene scene = new FaultScene(postgres, folder);
            if (scene.version() < FIRST_WITH_ARRAY_REVERSE) {
                scene.run(ARRAY_REVERSE);
            }
            AnnexServer.setUp(postgres.url(), null, scene.wirePort);
            return scene;
        } catch (Exception | Error e) {
            postgres.close();
            throw e;
        }
    }

    /** A scene whose sidecar, started with these flags, serves table docs. */
    static FaultScene openWithDocs(Path folder, String... flags) throws Exception {
        FaultScene scene = open(folder);
        try {
            scene.start(flags);
            scene.createDocs();
            return scene;
        } catch (Exception | Error e) {
            scene.close();
            throw e;
        }
    }

    /** PostgreSQL's major version. */
    int version() throws SQLException {
        return Integer.parseInt(value("show server_version_num")) / 10_000;
    }

    TestServer postgres() {
        return postgres;
    }

    /** The sidecar's data directory. */
    Path index() {
        return folder.resolve("index");
    }

    int wirePort() {
        return wirePort;
    }

    SidecarProcess sidecar() {
        return Objects.requireNonNull(sidecar);
    }

    Connection connect() throws SQLException {
        return DriverManager.getConnection(postgres.url());
    }

    void run(String... statements) throws SQLException {
        postgres.execute(statements);
    }

    /** The first column of the first row, as text. */
    String value(String query) throws SQLException {
        return postgres.query(query).getFirst();
    }

    /** Starts the sidecar over the files that are there, and does not wait. */
    void launch(String... flags) throws IOException {
        List<String> all = new ArrayList<>(FLAGS);
        all.addAll(List.of(flags));
        launch(all);
    }

    /** Starts it as in production, without checks of its own, and waits until it answers. */
    void startFast(String... flags) throws Exception {
        List<String> all = new ArrayList<>(List.of("-da", "-Dannex.kernel.checked=false"));
        all.addAll(List.of(flags));
        launch(all);
        sidecar().awaitHealth();
    }

    /** How often sidecars audit that are started from now on. */
    void auditEvery(int millis) {
        auditMillis = millis;
    }

    private void launch(List<String> flags) throws IOException {
        String config =
                AnnexServer.config(postgres.url(), "", wirePort, httpPort, folder)
                        + "audit-interval-millis: %d\nwarm-up-millis: 0\n".formatted(auditMillis);
        sidecar = SidecarProcess.launch(folder, config, httpPort, flags);
    }

    /** Starts the sidecar and waits until it answers. */
    void start(String... flags) throws Exception {
        launch(flags);
        sidecar().awaitHealth();
    }

    /**
     * Waits until it answers or has ended.
     *
     * @return whether it answers
     */
    boolean awaitHealthOrEnd() throws Exception {
        try {
            sidecar().awaitHealth();
            return true;
        } catch (AssertionError e) {
            if (sidecar().isAlive()) {
                throw e;
            }
            return false;
        }
    }

    /** kill -9 of the sidecar, if one runs. */
    void stop() throws InterruptedException {
        if (sidecar != null && sidecar.isAlive()) {
            sidecar.kill();
        }
    }

    /** What a disk would have of the sidecar's files after a power failure. */
    SyncedImage image() {
        return image;
    }

    /** SIGQUIT to the postmaster: it ends at once and recovers at the next start. */
    void crashPostgres() throws Exception {
        postgres.kill();
        postgres.stop();
        postgres.restart();
    }

    /** Makes table docs with an hnsw index over codes, ready. */
    void createDocs() throws Exception {
        long before = copies();
        run(
                "create table docs (id bigint primary key, title text, embedding real[])",
                CREATE_INDEX);
        awaitServing(INDEX);
        // It says so a moment after it serves.
        for (int i = 0; i < 1_000 && copies() == before; i++) {
            Thread.sleep(10);
        }
    }

    /**
     * Drops the sidecar's slot under it, as soon as there is one that can be dropped; fails when
     * there is none for long, unless the sidecar has died of it.
     */
    void dropSlot() throws SQLException, InterruptedException {
        long end = System.nanoTime() + PATIENCE_SECONDS * 1_000_000_000L;
        SQLException last = null;
        while (System.nanoTime() < end) {
            try {
                run(from("pg_terminate_backend(active_pid)") + " and active_pid is not null");
                if (!postgres.query(from("pg_drop_replication_slot(slot_name)")).isEmpty()
                        || !sidecar().isAlive()) {
                    return;
                }
            } catch (SQLException e) {
                // It is in use again, or still.
                last = e;
            }
            Thread.sleep(10);
        }
        throw new AssertionError("the slot could not be dropped", last);
    }

    private static String from(String what) {
        return THE_SLOT.replaceFirst("from", what + " from");
    }

    /** Whether the query has a row. */
    boolean holds(String query) {
        try {
            return !postgres.query(query.replaceFirst("select from", "select 1 from")).isEmpty();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    boolean slotIsLost() {
        return holds(THE_SLOT + " and wal_status = 'lost'");
    }

    boolean slotIsActive() {
        return holds(THE_SLOT + " and active");
    }

    void dropDocs() throws SQLException {
        try (Connection connection = connect()) {
            Ledger.close(connection);
        }
        run("drop table if exists docs, more cascade");
    }

    /**
     * Waits until the sidecar itself answers a search of the index.
     *
     * @throws SQLException why it does not, after a while or when it has ended
     */
    void awaitServing(String index) throws SQLException, InterruptedException {
        awaitServing(index, Load.DIMENSION);
    }

    /** As the other, for vectors of another dimension. */
    void awaitServing(String index, int dimension) throws SQLException, InterruptedException {
        long began = System.nanoTime();
        String threads = "";
        while (true) {
            try (Ask ask = Ask.connect(wirePort)) {
                ask.search(indexId(index), new float[dimension], 1);
                return;
            } catch (SQLException e) {
                long seconds = (System.nanoTime() - began) / 1_000_000_000;
                if (threads.isEmpty() && seconds >= SUSPICIOUS_SECONDS) {
                    threads = threads();
                }
                if (seconds >= PATIENCE_SECONDS || !sidecar().isAlive()) {
                    throw new SQLException(
                            "%s; after %d s\n%s".formatted(e.getMessage(), seconds, threads),
                            e.getSQLState(),
                            e);
                }
            }
            Thread.sleep(30);
        }
    }

    /** What the sidecar's threads do, for messages. */
    private String threads() throws InterruptedException {
        try {
            return sidecar().threads();
        } catch (IOException e) {
            return "no thread dump: " + e;
        }
    }

    long indexId(String name) throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery(
                                "select index_id from memory.vector_indexes where index_name = '"
                                        + name
                                        + "'")) {
            if (!row.next()) {
                throw new SQLException("there is no index " + name, "42704");
            }
            return row.getLong(1);
        }
    }

    static void await(String what, BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + PATIENCE_SECONDS * 1_000_000_000L;
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < end, what);
            Thread.sleep(20);
        }
    }

    /** The last lines that the sidecar has logged, for messages. */
    String endOfLog() throws IOException {
        List<String> lines =
                sidecar().log().lines().filter(line -> !line.contains(" Compact ")).toList();
        return String.join("\n", lines.subList(Math.max(0, lines.size() - 60), lines.size()));
    }

    /** How often the sidecar has read a whole table, whatever the cause. */
    long copies() throws IOException {
        return logged("Copied ") + logged("Compared ");
    }

    /** How often it has read this one. */
    long copiesOf(String table) throws IOException {
        String of = " rows of public." + table + " ";
        return sidecar()
                .log()
                .lines()
                .filter(line -> line.contains("Copied ") || line.contains("Compared "))
                .filter(line -> line.contains(of))
                .count();
    }

    /** How often the sidecar's process has taken that rung of the ladder, by its metric. */
    long recoveries(RecoveryDecision rung) throws IOException, InterruptedException {
        String name =
                "annex_recovery_total{decision=\"" + rung.name().toLowerCase(Locale.ROOT) + "\"}";
        return sidecar()
                .metrics()
                .lines()
                .filter(line -> line.startsWith(name))
                .mapToLong(line -> (long) Double.parseDouble(line.substring(name.length())))
                .findFirst()
                .orElseThrow();
    }

    long logged(String text) throws IOException {
        return logged(List.of(text));
    }

    /** Lines with one of the texts. */
    long logged(List<String> texts) throws IOException {
        return sidecar().log().lines().filter(l -> texts.stream().anyMatch(l::contains)).count();
    }

    @Override
    public void close() throws IOException {
        if (sidecar != null) {
            sidecar.close();
        }
        postgres.close();
    }
}
