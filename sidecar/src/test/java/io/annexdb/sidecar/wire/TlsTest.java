package io.annexdb.sidecar.wire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.telemetry.Telemetry;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/** Encrypted connections: who gets one, who is refused, and what a new certificate changes. */
@Timeout(60)
class TlsTest {
    private static final String SSL_REQUEST = "0000000804d2162f";

    @SuppressWarnings("NullAway.Init")
    private static TestCertificate shared;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path directory;

    @BeforeAll
    static void create(@TempDir Path store) throws Exception {
        shared = TestCertificate.create(store);
    }

    @ParameterizedTest
    @ValueSource(strings = {"EC", "RSA", "Ed25519"})
    void pgjdbcVerifiesTheCertificate(String algorithm) throws Exception {
        TestCertificate certificate = TestCertificate.create(directory, algorithm, "-1d", "30");
        try (RunningServer server = server(certificate.install(directory, true))) {
            try (Connection connection = server.connect(verifying(directory))) {
                Answer answer =
                        Answer.of(
                                connection,
                                SignedRequest.search(
                                        RunningServer.READY_INDEX, 9, RunningServer.vector(3), ""));
                assertEquals(9, answer.distances().size());
            }
            Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
            TestCertificate.create(elsewhere).install(elsewhere, true);
            SQLException error =
                    assertThrows(SQLException.class, () -> server.connect(verifying(elsewhere)));
            assertEquals("08006", error.getSQLState(), error.getMessage());
        }
    }

    @Test
    void bothKindsOfEncryptionAndChannelBinding() throws Exception {
        TestCertificate certificate = shared;
        try (RunningServer server = server(certificate.install(directory, true))) {
            for (String negotiation : new String[] {"postgres", "direct"}) {
                for (String binding : new String[] {"disable", "prefer", "require"}) {
                    String parameters =
                            verifying(directory)
                                    + "&sslNegotiation="
                                    + negotiation
                                    + "&channelBinding="
                                    + binding;
                    try (Connection connection = server.connect(parameters)) {
                        assertTrue(connection.isValid(5), parameters);
                    }
                }
            }
        }
    }

    @Test
    void whoDoesNotEncryptIsRefusedWhereThatIsRequired() throws Exception {
        TlsSettings required = shared.install(directory, true);
        try (RunningServer server = server(required)) {
            SQLException error =
                    assertThrows(SQLException.class, () -> server.connect("sslmode=disable"));
            assertEquals("28000", error.getSQLState());
            server.connect("sslmode=prefer").close();
        }
        TlsSettings allowed = new TlsSettings(required.certificates(), required.key(), false);
        try (RunningServer server = server(allowed)) {
            server.connect("sslmode=disable").close();
            server.connect("sslmode=require").close();
        }
    }

    /** An attacker in between could put them there, and have them taken for the client's. */
    @Test
    void bytesBeforeTheHandshakeAreRefused() throws Exception {
        try (RunningServer server = server(shared.install(directory, false));
                RawClient client = new RawClient(server.port())) {
            client.raw(HexFormat.of().parseHex(SSL_REQUEST + SSL_REQUEST));
            assertEquals('S', client.readByte());
            assertEquals("08P01", client.expect('E').field('C'));
            client.assertClosed();
        }
    }

    @Test
    void aSecondLayerIsDeclined() throws Exception {
        try (RunningServer server = server(shared.install(directory, false));
                SSLSocket tls = encrypt(server.port(), "TLSv1.3", "postgresql", false)) {
            tls.getOutputStream().write(HexFormat.of().parseHex(SSL_REQUEST));
            assertEquals('N', tls.getInputStream().read());
        }
    }

    @Test
    void directTlsNeedsTheProtocolsName() throws Exception {
        try (RunningServer server = server(shared.install(directory, false))) {
            encrypt(server.port(), "TLSv1.3", "postgresql", true).close();
            assertThrows(
                    SSLException.class,
                    () -> encrypt(server.port(), "TLSv1.3", "http/1.1", true).close());
            try (SSLSocket tls = encrypt(server.port(), "TLSv1.3", "", true)) {
                assertEquals('E', tls.getInputStream().read());
            }
            assertThrows(
                    SSLException.class,
                    () -> encrypt(server.port(), "TLSv1.1", "postgresql", true));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void shutdownTellsEncryptedClients(String version) throws Exception {
        RunningServer server = server(shared.install(directory, true));
        try (RawClient client =
                new RawClient(encrypt(server.port(), version, "postgresql", false))) {
            client.login(RunningServer.SECRET);
            client.readUntil('Z');
            long began = System.nanoTime();
            server.close();
            assertEquals("57P01", client.expect('E').field('C'));
            client.assertClosed();
            assertTrue(System.nanoTime() - began < TimeUnit.SECONDS.toNanos(5));
        }
    }

    /** Records arrive in halves, with longer pauses than reads have timeouts. */
    @Test
    void recordsMayArriveInPieces() throws Exception {
        try (RunningServer server = server(shared.install(directory, true));
                ServerSocket slow = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Thread.ofVirtual().start(() -> dribble(slow, server.port()));
            try (RawClient client =
                    new RawClient(encrypt(slow.getLocalPort(), "TLSv1.3", "postgresql", false))) {
                client.login(RunningServer.SECRET);
                client.readUntil('Z');
                client.message('Q', "SELECT 1\0");
                assertEquals("TDCZ", client.typesUntilReady());
            }
        }
    }

    private static void dribble(ServerSocket slow, int target) {
        try (Socket from = slow.accept();
                Socket to = new Socket(InetAddress.getLoopbackAddress(), target)) {
            Thread.ofVirtual()
                    .start(() -> {
                        try {
                            to.getInputStream().transferTo(from.getOutputStream());
                        } catch (IOException closed) {
                            assert slow.isBound() : closed;
                        }
                    });
            byte[] buffer = new byte[8_192];
            for (int n = from.getInputStream().read(buffer);
                    n >= 0;
                    n = from.getInputStream().read(buffer)) {
                to.getOutputStream().write(buffer, 0, n / 2);
                Thread.sleep(700);
                to.getOutputStream().write(buffer, n / 2, n - n / 2);
            }
        } catch (IOException | InterruptedException ended) {
            assert slow.isBound() : ended;
        }
    }

    @Test
    void aHandshakeThatNeverEndsIsCutOff() throws Exception {
        WireSettings.Limits limits =
                new WireSettings.Limits(
                        5, 5, 1 << 20, Duration.ofMillis(300), Duration.ZERO, Duration.ZERO);
        try (RunningServer server =
                        new RunningServer(
                                directory, limits, Optional.of(shared.install(directory, false)));
                RawClient client = new RawClient(server.port())) {
            client.raw(HexFormat.of().parseHex(SSL_REQUEST));
            assertEquals('S', client.readByte());
            client.assertClosed();
        }
    }

    @Test
    void aNewCertificateIsTakenAndABadOneIsNot() throws Exception {
        TestCertificate first = shared;
        try (RunningServer server = server(first.install(directory, true));
                Connection open = server.connect(verifying(directory))) {
            assertArrayEquals(certificate(first), served(server));
            assertEquals(0, gauge(server, "annex_tls_files_rejected"));
            assertTrue(
                    gauge(server, "annex_tls_certificate_expiry_timestamp_seconds")
                            > System.currentTimeMillis() / 1_000 + 20 * 86_400);

            TestCertificate second = TestCertificate.create(directory, "RSA", "-1d", "60");
            second.install(directory, true);
            await(server, second);
            assertNotEquals(first.certificatePem(), second.certificatePem());
            assertTrue(open.isValid(5));

            // The key of another certificate.
            TestCertificate.replace(directory.resolve("tls.key"), first.keyPem());
            awaitRejected(server, 1);
            assertArrayEquals(certificate(second), served(server));

            TestCertificate expired = TestCertificate.create(directory, "EC", "-30d", "10");
            expired.install(directory, true);
            Thread.sleep(3_000);
            assertEquals(1, gauge(server, "annex_tls_files_rejected"));
            assertArrayEquals(certificate(second), served(server));

            second.install(directory, true);
            awaitRejected(server, 0);
            Files.delete(directory.resolve("tls.key"));
            awaitRejected(server, 1);
            second.install(directory, true);
            awaitRejected(server, 0);
            server.connect(verifying(directory)).close();
            assertTrue(open.isValid(5));
        }
    }

    @Test
    void filesThatDoNotServeAreToldAtTheStart() throws Exception {
        TestCertificate certificate = shared;
        TlsSettings settings = certificate.install(directory, true);
        refused(settings, "do not belong together", certificate, TestCertificate.create(directory));
        Files.writeString(settings.key(), certificate.keyPem().replace("PRIVATE", "RSA PRIVATE"));
        assertTrue(String.valueOf(failure(settings).getMessage()).contains("RSA PRIVATE KEY"));
        assertTrue(failure(settings).hint().orElseThrow().contains("openssl pkcs8"));
        Files.writeString(settings.key(), certificate.keyPem());
        Files.writeString(settings.certificates(), "rubbish");
        assertEquals("F0000", failure(settings).code().sqlState());
        Files.delete(settings.certificates());
        assertTrue(String.valueOf(failure(settings).getMessage()).contains("tls.crt"));
    }

    private void refused(
            TlsSettings settings, String why, TestCertificate certificate, TestCertificate key)
            throws IOException {
        Files.writeString(settings.certificates(), certificate.certificatePem());
        Files.writeString(settings.key(), key.keyPem());
        String message = String.valueOf(failure(settings).getMessage());
        assertTrue(message.contains(why), message);
    }

    private AnnexException failure(TlsSettings settings) {
        return assertThrows(AnnexException.class, () -> TlsFiles.open(settings, new Telemetry()));
    }

    private RunningServer server(TlsSettings tls) throws IOException {
        return new RunningServer(
                directory,
                new WireSettings.Limits(
                        50,
                        50,
                        16 << 20,
                        Duration.ofSeconds(10),
                        Duration.ZERO,
                        Duration.ofSeconds(60)),
                Optional.of(tls));
    }

    private static String verifying(Path directory) {
        return "sslmode=verify-full&sslrootcert=" + directory.resolve("tls.crt");
    }

    private static void await(RunningServer server, TestCertificate expected) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (!Arrays.equals(certificate(expected), served(server))) {
            assertTrue(System.nanoTime() < deadline, "the new certificate is not served");
            Thread.sleep(100);
        }
    }

    private static void awaitRejected(RunningServer server, long expected) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (gauge(server, "annex_tls_files_rejected") != expected) {
            assertTrue(System.nanoTime() < deadline, "expected " + expected);
            Thread.sleep(100);
        }
    }

    private static byte[] certificate(TestCertificate certificate) throws Exception {
        String pem = certificate.certificatePem();
        return Base64.getMimeDecoder().decode(pem.replaceAll("-----[A-Z ]+-----", ""));
    }

    private static byte[] served(RunningServer server) throws Exception {
        try (SSLSocket tls = encrypt(server.port(), "TLSv1.3", "postgresql", true)) {
            return tls.getSession().getPeerCertificates()[0].getEncoded();
        }
    }

    private static long gauge(RunningServer server, String name) {
        return server.telemetry
                .scrape()
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToLong(line -> (long) Double.parseDouble(line.substring(name.length() + 1)))
                .sum();
    }

    /** A client that believes every certificate. */
    private static SSLSocket encrypt(int port, String version, String protocol, boolean isDirect)
            throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {new Believer()}, new SecureRandom());
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        if (!isDirect) {
            socket.getOutputStream().write(HexFormat.of().parseHex(SSL_REQUEST));
            assertEquals('S', socket.getInputStream().read());
        }
        SSLSocket tls =
                (SSLSocket)
                        context.getSocketFactory().createSocket(socket, "127.0.0.1", port, true);
        SSLParameters parameters = tls.getSSLParameters();
        parameters.setProtocols(new String[] {version});
        if (!protocol.isEmpty()) {
            parameters.setApplicationProtocols(new String[] {protocol});
        }
        tls.setSSLParameters(parameters);
        tls.startHandshake();
        return tls;
    }

    private static final class Believer implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
