package io.annexdb.sidecar.protocol;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The first message of a connection:
 *
 * <pre>
 *   int32 length   itself included
 *   int32 code     3.x, or one of the three requests
 *   …              per code
 * </pre>
 */
public final class DecodeStartup {
    /** PostgreSQL's own limit; the length comes from a stranger. */
    public static final int LENGTH_MAX = 10_000;

    private static final int LENGTH_MIN = 8;
    private static final int CANCEL = (1234 << 16) | 5678;
    private static final int SSL = (1234 << 16) | 5679;
    private static final int GSS_ENCRYPTION = (1234 << 16) | 5680;
    private static final int MAJOR_VERSION = 3;

    /** The protocol's own limits, from version 3.2 on. */
    private static final int CANCEL_KEY_LEAST = 4;

    private static final int CANCEL_KEY_MOST = 256;

    private DecodeStartup() {}

    /**
     * The length of the body, which follows.
     *
     * @param length the first four bytes
     */
    public static int bodyLength(int length) {
        if (length < LENGTH_MIN || length > LENGTH_MAX) {
            throw FieldReader.violation(
                    "start-up packet of "
                            + Integer.toUnsignedString(length)
                            + " bytes, allowed are "
                            + LENGTH_MIN
                            + " to "
                            + LENGTH_MAX);
        }
        return length - 4;
    }

    /**
     * Decodes a body.
     *
     * @throws AnnexException {@link ErrorCode#PROTOCOL_VIOLATION}, or {@link
     *     ErrorCode#FEATURE_NOT_SUPPORTED} for another major version
     */
    public static StartupMessage decode(ByteBuffer body) {
        FieldReader fields = new FieldReader(body);
        int code = fields.int32();
        StartupMessage message =
                switch (code) {
                    case SSL -> new StartupMessage.SslRequest();
                    case GSS_ENCRYPTION -> new StartupMessage.GssEncryptionRequest();
                    case CANCEL -> cancel(fields);
                    default -> startup(code, fields);
                };
        fields.end();
        return message;
    }

    private static StartupMessage cancel(FieldReader fields) {
        int processId = fields.int32();
        byte[] key = fields.restBytes();
        if (key.length < CANCEL_KEY_LEAST || key.length > CANCEL_KEY_MOST) {
            throw FieldReader.violation("a cancel key of " + key.length + " bytes");
        }
        return new StartupMessage.CancelRequest(processId, key);
    }

    private static StartupMessage startup(int version, FieldReader fields) {
        if (version >>> 16 != MAJOR_VERSION) {
            throw new AnnexException(
                    ErrorCode.FEATURE_NOT_SUPPORTED,
                    "unsupported frontend protocol "
                            + (version >>> 16)
                            + "."
                            + (version & 0xFFFF)
                            + ": server supports 3.0 to 3.2",
                    null);
        }
        Map<String, String> parameters = new LinkedHashMap<>();
        List<String> unknownOptions = new ArrayList<>();
        for (String name = fields.string(); !name.isEmpty(); name = fields.string()) {
            String value = fields.string();
            if (name.startsWith("_pq_.")) {
                unknownOptions.add(name);
            } else {
                parameters.put(name, value);
            }
        }
        return new StartupMessage.Startup(version & 0xFFFF, parameters, unknownOptions);
    }
}
