package io.annexdb.sidecar.wire;

import java.nio.file.Path;

/**
 * How connections are encrypted.
 *
 * @param certificates PEM: the server's certificate, then those between it and the root
 * @param key PEM: its private key in PKCS#8, not encrypted
 * @param isRequired whether sessions in the clear are refused
 */
public record TlsSettings(Path certificates, Path key, boolean isRequired) {}
