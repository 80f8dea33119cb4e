package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.replication.TestServer;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

import java.sql.SQLException;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;

/** A server for all tests of a class, with a database of its own for each scene. */
final class SharedServer implements BeforeAllCallback, AfterAllCallback {
    private final AtomicInteger databases = new AtomicInteger();
    private @Nullable TestServer server;

    @Override
    public void beforeAll(ExtensionContext context) throws Exception {
        server =
                TestServer.start(
                        "max_prepared_transactions", "10",
                        "max_replication_slots", "20",
                        "max_wal_senders", "20");
    }

    @Override
    public void afterAll(ExtensionContext context) throws Exception {
        running().close();
    }

    private TestServer running() {
        return Objects.requireNonNull(server);
    }

    int port() {
        return running().postgres().getPort();
    }

    /** Makes a database; returns its name. */
    String newDatabase() throws SQLException {
        String name = "scene_" + databases.incrementAndGet();
        running().execute("CREATE DATABASE " + name);
        return name;
    }

    /** Makes a database; returns its URL. */
    String newUrl() throws SQLException {
        return running().postgres().getJdbcUrl("postgres", newDatabase());
    }
}
