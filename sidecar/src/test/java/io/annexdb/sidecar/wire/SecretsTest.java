package io.annexdb.sidecar.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** At the most talkative level the log has neither secrets nor what proves that one knows them. */
class SecretsTest {
    @Test
    void areNotLogged(@TempDir Path directory) throws Exception {
        Logger logger = (Logger) LoggerFactory.getLogger("io.annexdb");
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        Level before = logger.getLevel();
        log.start();
        logger.addAppender(log);
        logger.setLevel(Level.TRACE);
        logger.setAdditive(false);
        String payload = SignedRequest.payload("status", "");
        TestCertificate certificate = TestCertificate.create(directory);
        try {
            converse(directory, certificate, payload);
        } finally {
            logger.detachAppender(log);
            logger.setLevel(before);
            logger.setAdditive(true);
        }
        List<String> lines =
                List.copyOf(log.list).stream()
                        .map(event -> event.getFormattedMessage() + event.getThrowableProxy())
                        .toList();
        assertTrue(lines.stream().anyMatch(line -> line.contains("wrong user or password")));
        assertTrue(lines.stream().anyMatch(line -> line.contains("signature does not hold")));
        String key = certificate.keyPem().lines().skip(1).findFirst().orElseThrow();
        for (String secret :
                List.of(
                        RunningServer.SECRET,
                        "a guess that is wrong",
                        SignedRequest.sign(payload),
                        key)) {
            for (String line : lines) {
                assertFalse(line.contains(secret), line);
            }
        }
    }

    @Test
    void areNotPartOfSettingsAsText() {
        WireSettings settings =
                new WireSettings("h", 1, RunningServer.SECRET, limits(), Optional.empty());
        assertFalse(settings.toString().contains(RunningServer.SECRET));
        assertTrue(settings.toString().startsWith("h:1"));
    }

    private static void converse(Path directory, TestCertificate certificate, String payload)
            throws Exception {
        try (RunningServer server =
                        new RunningServer(
                                directory,
                                limits(),
                                Optional.of(certificate.install(directory, false)));
                Connection connection = server.connect("")) {
            assertEquals("ok", Answer.of(connection, payload).status());
            String forged = SignedRequest.sql(payload, SignedRequest.sign("another payload"));
            assertEquals("28000", Answer.ofSql(connection, forged).sqlState());
            login(server, "a guess that is wrong");
            TestCertificate.replace(
                    directory.resolve("tls.key"), certificate.keyPem().replace("MIG", "MIH"));
            Thread.sleep(2_500);
        }
    }

    private static void login(RunningServer server, String password) throws IOException {
        try (RawClient client = new RawClient(server.port())) {
            client.login(password);
            assertEquals("28P01", client.expect('E').field('C'));
        }
    }

    private static WireSettings.Limits limits() {
        return new WireSettings.Limits(
                5, 5, 1 << 20, Duration.ofSeconds(10), Duration.ZERO, Duration.ZERO);
    }
}
