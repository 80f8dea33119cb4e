package io.annexdb.sidecar.wire;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;

/**
 * Who a client is as far as limits go: an IPv4 address, or the 64 bits of an IPv6 network, of which
 * one client has all the addresses it likes.
 *
 * @param network the address, its lower half zero if it is an IPv6 one
 */
record ClientAddress(InetAddress network) {
    private static final int IPV6_BYTES = 16;

    static ClientAddress of(InetAddress address) {
        if (!(address instanceof Inet6Address)) {
            return new ClientAddress(address);
        }
        byte[] network = Arrays.copyOf(address.getAddress(), IPV6_BYTES);
        Arrays.fill(network, IPV6_BYTES / 2, IPV6_BYTES, (byte) 0);
        try {
            return new ClientAddress(InetAddress.getByAddress(network));
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public String toString() {
        return network.getHostAddress();
    }
}
