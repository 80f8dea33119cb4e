package io.annexdb.sidecar.wire;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.telemetry.Telemetry;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.X509Certificate;
import java.util.Arrays;

/**
 * The identity in use, and its files, which are looked at again and again: a new certificate takes
 * no restart, and open connections stay as they are. The bytes are compared, because times of files
 * are coarse and links are swapped. Two files are not replaced at one instant, so new ones are read
 * when they were the same twice; and what does not fit leaves the old identity in use.
 */
final class TlsFiles {
    private static final Logger LOG = LoggerFactory.getLogger(TlsFiles.class);

    /** A chain of certificates has some kilobytes. */
    private static final int FILE_BYTES_MAX = 1 << 20;

    private final TlsSettings settings;
    private @Nullable Contents judged;
    private @Nullable Contents seen;
    private volatile TlsIdentity identity;
    private volatile @Nullable String rejection;

    @SuppressWarnings("ArrayRecordComponent") // compared by sameAs only
    private record Contents(byte[] certificates, byte[] key) {
        boolean sameAs(@Nullable Contents other) {
            return other != null
                    && Arrays.equals(certificates, other.certificates)
                    && Arrays.equals(key, other.key);
        }
    }

    private TlsFiles(TlsSettings settings, Contents contents, TlsIdentity identity) {
        this.settings = settings;
        this.judged = contents;
        this.seen = contents;
        this.identity = identity;
    }

    /**
     * Reads the files. An expired certificate is taken, with an error in the log, since a client
     * may do without the proof and a sidecar that does not start serves nobody.
     *
     * @throws AnnexException CONFIGURATION if they cannot be read or do not fit
     */
    static TlsFiles open(TlsSettings settings, Telemetry telemetry) {
        Contents contents;
        try {
            contents = contents(settings);
        } catch (IOException e) {
            throw new AnnexException(
                    ErrorCode.CONFIGURATION,
                    "cannot read the files for TLS: " + e,
                    "They are tls.certificate and tls.key.",
                    e);
        }
        TlsIdentity identity = ReadTlsIdentity.read(contents.certificates, contents.key);
        TlsFiles files = new TlsFiles(settings, contents, identity);
        try {
            identity.certificate().checkValidity();
        } catch (CertificateExpiredException | CertificateNotYetValidException e) {
            LOG.error("the certificate for TLS is not valid now: {}", e.getMessage());
        }
        telemetry.certificate(
                () -> files.identity.certificate().getNotAfter().toInstant().getEpochSecond(),
                () -> files.rejection == null ? 0 : 1);
        files.logUse();
        files.warnOfReaders();
        return files;
    }

    private void warnOfReaders() {
        try {
            if (Files.getPosixFilePermissions(settings.key())
                    .contains(PosixFilePermission.OTHERS_READ)) {
                LOG.warn(
                        "everyone on this machine may read {}; take that right away",
                        settings.key());
            }
        } catch (IOException | UnsupportedOperationException e) {
            LOG.debug("cannot see who may read {}: {}", settings.key(), e.toString());
        }
    }

    boolean areRequired() {
        return settings.isRequired();
    }

    /** What a new connection is to use. */
    TlsIdentity identity() {
        return identity;
    }

    /** Takes the files' present content into use if it is new and holds. Called by one thread. */
    void look() {
        Contents now;
        try {
            now = contents(settings);
        } catch (IOException e) {
            // Once may be in the middle of a replacement.
            if (seen == null) {
                judged = null;
                reject(e.toString());
            }
            seen = null;
            return;
        }
        boolean isStable = now.sameAs(seen);
        seen = now;
        if (isStable && !now.sameAs(judged)) {
            judged = now;
            take(now);
        }
    }

    private void take(Contents contents) {
        try {
            TlsIdentity candidate = ReadTlsIdentity.read(contents.certificates, contents.key);
            candidate.certificate().checkValidity();
            identity = candidate;
            rejection = null;
            logUse();
        } catch (AnnexException | CertificateExpiredException | CertificateNotYetValidException e) {
            reject(String.valueOf(e.getMessage()));
        }
    }

    private void reject(String why) {
        if (!why.equals(rejection)) {
            LOG.error("the files for TLS are not used, those before still are: {}", why);
        }
        rejection = why;
    }

    private void logUse() {
        X509Certificate certificate = identity.certificate();
        LOG.info(
                "TLS with certificate {} for {}, valid until {}",
                certificate.getSerialNumber().toString(16),
                certificate.getSubjectX500Principal(),
                certificate.getNotAfter().toInstant());
    }

    private static Contents contents(TlsSettings settings) throws IOException {
        return new Contents(bytes(settings.certificates()), bytes(settings.key()));
    }

    private static byte[] bytes(Path file) throws IOException {
        if (Files.size(file) > FILE_BYTES_MAX) {
            throw new IOException(file + " has more than " + FILE_BYTES_MAX + " bytes");
        }
        return Files.readAllBytes(file);
    }
}
