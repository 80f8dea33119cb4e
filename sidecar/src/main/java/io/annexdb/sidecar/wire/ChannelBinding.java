package io.annexdb.sidecar.wire;

import com.ongres.scram.common.util.TlsServerEndpoint;

import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.Optional;

/** What ties a SCRAM login to the TLS connection it came over. */
final class ChannelBinding {
    static final String TYPE = TlsServerEndpoint.TLS_SERVER_END_POINT;

    private ChannelBinding() {}

    /**
     * Hash of the certificate, by the hash function of its signature.
     *
     * @return empty where the signature has none, as Ed25519
     */
    static Optional<byte[]> serverEndPoint(X509Certificate certificate) {
        try {
            byte[] data = TlsServerEndpoint.getChannelBindingData(certificate);
            return data.length == 0 ? Optional.empty() : Optional.of(data);
        } catch (CertificateEncodingException e) {
            throw new IllegalStateException(e);
        }
    }
}
