package io.annexdb.sidecar.wire;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** Client addresses out of literals. */
final class TestAddress {
    private TestAddress() {}

    static ClientAddress of(String literal) {
        try {
            return ClientAddress.of(InetAddress.getByName(literal));
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }
}
