package io.annexdb.sidecar.replication;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** Builds messages byte by byte, big-endian. */
final class Bytes {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final DataOutputStream out = new DataOutputStream(bytes);

    private interface Write {
        void run() throws IOException;
    }

    Bytes int8(int value) {
        return put(() -> out.writeByte(value));
    }

    Bytes int16(int value) {
        return put(() -> out.writeShort(value));
    }

    Bytes int32(int value) {
        return put(() -> out.writeInt(value));
    }

    Bytes int64(long value) {
        return put(() -> out.writeLong(value));
    }

    Bytes float4(float value) {
        return put(() -> out.writeFloat(value));
    }

    Bytes string(String value) {
        return put(() -> out.write(value.getBytes(StandardCharsets.UTF_8))).int8(0);
    }

    /** A column value in text form. */
    Bytes text(String value) {
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        return int8('t').int32(utf8.length).put(() -> out.write(utf8));
    }

    Bytes raw(byte[] value) {
        return put(() -> out.write(value));
    }

    byte[] done() {
        return bytes.toByteArray();
    }

    private Bytes put(Write write) {
        try {
            write.run();
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
