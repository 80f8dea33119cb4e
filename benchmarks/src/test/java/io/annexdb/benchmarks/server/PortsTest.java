package io.annexdb.benchmarks.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;

class PortsTest {
    @Test
    void zeroBecomesAFreePortEachItsOwn() {
        Ports ports = new Ports(0, 0, 0).resolve();
        assertNotEquals(ports.postgres(), ports.sidecar());
        assertNotEquals(ports.sidecar(), ports.http());
        assertNotEquals(ports.postgres(), ports.http());
        assertEquals(ports, ports.resolve());
    }

    @Test
    void aTakenPortIsNamedWithItsOption() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            IllegalArgumentException error =
                    assertThrows(
                            IllegalArgumentException.class,
                            () -> new Ports(0, taken.getLocalPort(), 0).resolve());
            String message = String.valueOf(error.getMessage());
            assertTrue(message.contains("port " + taken.getLocalPort()), message);
            assertTrue(message.contains("--sidecar-port"), message);
        }
    }

    @Test
    void aPortOutOfRangeIsNamedWithTheRange() {
        IllegalArgumentException error =
                assertThrows(
                        IllegalArgumentException.class, () -> new Ports(0, 0, 99_999).resolve());
        assertEquals("--http-port is 99999, allowed are 0 to 65535", error.getMessage());
    }
}
