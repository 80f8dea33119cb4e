package io.annexdb.sidecar.wire;

import java.security.cert.X509Certificate;
import java.util.Optional;

import javax.net.ssl.SSLContext;

/**
 * Who the server is to clients that encrypt. Used by connections that begin; those that are open
 * keep the one they began with.
 *
 * @param context makes TLS connections
 * @param certificate the server's own
 */
record TlsIdentity(SSLContext context, X509Certificate certificate) {

    /** The data that binds a login to this certificate (RFC 5929); none for some algorithms. */
    Optional<byte[]> channelBinding() {
        return ChannelBinding.serverEndPoint(certificate);
    }
}
