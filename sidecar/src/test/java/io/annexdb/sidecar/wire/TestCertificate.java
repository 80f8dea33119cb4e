package io.annexdb.sidecar.wire;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;

/**
 * A self-signed certificate for localhost and 127.0.0.1, made by the JDK's keytool, as two PEM
 * files. Clients take the certificate itself for the root.
 */
public final class TestCertificate {
    private static final String PASSWORD = "changeit";

    private final String certificatePem;
    private final String keyPem;

    private TestCertificate(String certificatePem, String keyPem) {
        this.certificatePem = certificatePem;
        this.keyPem = keyPem;
    }

    /** An elliptic-curve one that is valid now. */
    public static TestCertificate create(Path directory) throws Exception {
        return create(directory, "EC", "-1d", "30");
    }

    /**
     * Any other.
     *
     * @param algorithm of keytool: EC, RSA, Ed25519
     * @param start when it begins to be valid, in keytool's form
     * @param days how long it is
     */
    public static TestCertificate create(
            Path directory, String algorithm, String start, String days) throws Exception {
        Path store = Files.createTempFile(directory, "store", ".p12");
        Files.delete(store);
        Process keytool =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "keytool")
                                        .toString(),
                                "-genkeypair",
                                "-alias",
                                "server",
                                "-keyalg",
                                algorithm,
                                "-dname",
                                "CN=localhost",
                                "-ext",
                                "san=dns:localhost,ip:127.0.0.1",
                                "-startdate",
                                start,
                                "-validity",
                                days,
                                "-keystore",
                                store.toString(),
                                "-storetype",
                                "PKCS12",
                                "-storepass",
                                PASSWORD)
                        .redirectErrorStream(true)
                        .start();
        String output = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (keytool.waitFor() != 0) {
            throw new IOException(output);
        }
        return ofStore(store);
    }

    private static TestCertificate ofStore(Path file) throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance(file.toFile(), PASSWORD.toCharArray());
        return new TestCertificate(
                pem("CERTIFICATE", store.getCertificate("server").getEncoded()),
                pem("PRIVATE KEY", store.getKey("server", PASSWORD.toCharArray()).getEncoded()));
    }

    private static String pem(String type, byte[] bytes) {
        String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes);
        return "-----BEGIN %s-----%n%s%n-----END %s-----%n".formatted(type, base64, type);
    }

    public String certificatePem() {
        return certificatePem;
    }

    public String keyPem() {
        return keyPem;
    }

    /** Puts both under these names, each at one instant. */
    public TlsSettings install(Path directory, boolean isRequired) throws IOException {
        replace(directory.resolve("tls.crt"), certificatePem);
        replace(directory.resolve("tls.key"), keyPem);
        return new TlsSettings(
                directory.resolve("tls.crt"), directory.resolve("tls.key"), isRequired);
    }

    static void replace(Path file, String content) throws IOException {
        Path next = file.resolveSibling(file.getFileName() + ".next");
        Files.writeString(next, content);
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
