package io.annexdb.sidecar.endtoend;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Objects;
import java.util.stream.Stream;

/** Annex on a server of its own for all tests of a class, and a session of the superuser's. */
final class SharedAnnex implements BeforeAllCallback, AfterAllCallback {
    private final String[] statements;
    private @Nullable Path files;
    private @Nullable AnnexOnPostgres annex;
    private @Nullable Session session;

    /**
     * One that is started before the first test.
     *
     * @param statements that its session begins with
     */
    SharedAnnex(String... statements) {
        this.statements = statements;
    }

    @Override
    public void beforeAll(ExtensionContext context) throws Exception {
        files = Files.createTempDirectory("annex-files");
        annex = AnnexOnPostgres.start(files);
        session = annex.session();
        session.run(statements);
    }

    @Override
    public void afterAll(ExtensionContext context) throws Exception {
        session().close();
        running().close();
        delete(files());
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }

    AnnexOnPostgres running() {
        return Objects.requireNonNull(annex);
    }

    Session session() {
        return Objects.requireNonNull(session);
    }

    /** Of the sidecar. */
    Path files() {
        return Objects.requireNonNull(files);
    }
}
