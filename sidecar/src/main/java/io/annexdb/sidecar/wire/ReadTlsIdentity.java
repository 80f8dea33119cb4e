package io.annexdb.sidecar.wire;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import org.jspecify.annotations.Nullable;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;

/**
 * Two PEM files to a server's identity. The key has to be that of the first certificate: it signs
 * something, and the certificate has to recognise the signature.
 */
final class ReadTlsIdentity {
    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \\1-----");
    private static final String PKCS8 = "PRIVATE KEY";
    private static final byte[] CHALLENGE = "annex".getBytes(StandardCharsets.UTF_8);
    private static final char[] NO_PASSWORD = new char[0];

    private ReadTlsIdentity() {}

    /**
     * The identity.
     *
     * @param certificates bytes of the file of certificates
     * @param key bytes of the file of the key
     * @throws AnnexException CONFIGURATION that says what is wrong, without a byte of the key
     */
    static TlsIdentity read(byte[] certificates, byte[] key) {
        try {
            X509Certificate[] chain = chain(certificates);
            PrivateKey privateKey = privateKey(key, chain[0].getPublicKey());
            requirePair(chain[0].getPublicKey(), privateKey);
            return new TlsIdentity(context(privateKey, chain), chain[0]);
        } catch (GeneralSecurityException | IOException e) {
            throw invalid("cannot be used: " + e.getMessage(), null, e);
        }
    }

    private static X509Certificate[] chain(byte[] pem) throws GeneralSecurityException {
        X509Certificate[] chain =
                CertificateFactory.getInstance("X.509")
                        .generateCertificates(new ByteArrayInputStream(pem))
                        .stream()
                        .map(X509Certificate.class::cast)
                        .toArray(X509Certificate[]::new);
        if (chain.length == 0) {
            throw invalid(
                    "have no certificate",
                    "The file tls.certificate begins with -----BEGIN CERTIFICATE-----.",
                    null);
        }
        return chain;
    }

    private static PrivateKey privateKey(byte[] pem, PublicKey publicKey)
            throws GeneralSecurityException {
        Matcher block = BLOCK.matcher(new String(pem, StandardCharsets.ISO_8859_1));
        String found = "no PEM block";
        while (block.find()) {
            found = block.group(1);
            if (found.equals(PKCS8)) {
                return KeyFactory.getInstance(publicKey.getAlgorithm())
                        .generatePrivate(new PKCS8EncodedKeySpec(decoded(block.group(2))));
            }
        }
        throw invalid(
                "have no key in PKCS#8, but " + found,
                "Convert it: openssl pkcs8 -topk8 -nocrypt -in key.pem -out tls.key.",
                null);
    }

    private static byte[] decoded(String base64) {
        try {
            return Base64.getMimeDecoder().decode(base64);
        } catch (IllegalArgumentException e) {
            // Not as a cause, because its message has letters of the key.
            throw invalid("have a key that is not base64", null, null);
        }
    }

    private static void requirePair(PublicKey publicKey, PrivateKey privateKey)
            throws GeneralSecurityException {
        String algorithm =
                switch (publicKey.getAlgorithm()) {
                    case "RSA" -> "SHA256withRSA";
                    case "EC" -> "SHA256withECDSA";
                    default -> publicKey.getAlgorithm();
                };
        Signature signer = Signature.getInstance(algorithm);
        signer.initSign(privateKey);
        signer.update(CHALLENGE);
        byte[] signature = signer.sign();
        Signature verifier = Signature.getInstance(algorithm);
        verifier.initVerify(publicKey);
        verifier.update(CHALLENGE);
        if (!verifier.verify(signature)) {
            throw invalid(
                    "do not belong together",
                    "The key of tls.key is not that of the first certificate of tls.certificate.",
                    null);
        }
    }

    private static SSLContext context(PrivateKey key, Certificate[] chain)
            throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setKeyEntry("annex", key, NO_PASSWORD, chain);
        KeyManagerFactory keys =
                KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, NO_PASSWORD);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), new TrustManager[0], new SecureRandom());
        return context;
    }

    private static AnnexException invalid(
            String what, @Nullable String hint, @Nullable Throwable cause) {
        return new AnnexException(
                ErrorCode.CONFIGURATION, "certificate and key for TLS " + what, hint, cause);
    }
}
