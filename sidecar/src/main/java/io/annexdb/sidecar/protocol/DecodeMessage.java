package io.annexdb.sidecar.protocol;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Every later message:
 *
 * <pre>
 *   byte  type
 *   int32 length   itself included, the type not
 *   …              per type
 * </pre>
 */
public final class DecodeMessage {
    /** Until the password is proven, nothing long has to be believed. */
    public static final int LENGTH_MAX_UNAUTHENTICATED = 8_192;

    private static final int TEXT_FORMAT = 0;
    private static final int BINARY_FORMAT = 1;

    private DecodeMessage() {}

    /**
     * The length of the body, which follows.
     *
     * @param length the four bytes after the type
     * @param lengthMax what is allowed, itself included
     */
    public static int bodyLength(int length, int lengthMax) {
        if (length < 4 || length > lengthMax) {
            throw FieldReader.violation(
                    "length "
                            + Integer.toUnsignedString(length)
                            + ", allowed are 4 to "
                            + lengthMax);
        }
        return length - 4;
    }

    /**
     * Decodes the body of a message of an open session.
     *
     * @throws AnnexException {@link ErrorCode#PROTOCOL_VIOLATION}
     */
    public static FrontendMessage decode(byte type, ByteBuffer body) {
        FieldReader fields = new FieldReader(body);
        FrontendMessage message =
                switch (type) {
                    case 'Q' -> new FrontendMessage.Query(fields.stringBytes());
                    case 'P' -> parse(fields);
                    case 'B' -> bind(fields);
                    case 'D' -> new FrontendMessage.Describe(target(fields), fields.string());
                    case 'E' -> new FrontendMessage.Execute(fields.string(), fields.int32());
                    case 'C' -> new FrontendMessage.Close(target(fields), fields.string());
                    case 'H' -> new FrontendMessage.Flush();
                    case 'S' -> new FrontendMessage.Sync();
                    case 'X' -> new FrontendMessage.Terminate();
                    default ->
                            throw FieldReader.violation(
                                    "unknown type 0x" + Integer.toHexString(type & 0xFF));
                };
        fields.end();
        return message;
    }

    /** Decodes the body of a message of type {@code p} that answers the list of mechanisms. */
    public static SaslMessage.Initial saslInitial(byte type, ByteBuffer body) {
        FieldReader fields = saslFields(type, body);
        String mechanism = fields.string();
        int length = fields.int32();
        String data = length == -1 ? "" : FieldReader.text(fields.bytes(length));
        fields.end();
        return new SaslMessage.Initial(mechanism, data);
    }

    /** Decodes the body of a message of type {@code p} that answers a challenge. */
    public static SaslMessage.Response saslResponse(byte type, ByteBuffer body) {
        return new SaslMessage.Response(saslFields(type, body).rest());
    }

    private static FieldReader saslFields(byte type, ByteBuffer body) {
        if (type != 'p') {
            throw FieldReader.violation(
                    "type 0x" + Integer.toHexString(type & 0xFF) + " before authentication");
        }
        return new FieldReader(body);
    }

    private static FrontendMessage parse(FieldReader fields) {
        String name = fields.string();
        ByteBuffer sql = fields.stringBytes();
        int count = fields.int16();
        List<Integer> types = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            types.add(fields.int32());
        }
        return new FrontendMessage.Parse(name, sql, types);
    }

    private static FrontendMessage bind(FieldReader fields) {
        String portal = fields.string();
        String statement = fields.string();
        List<Boolean> parameterFormats = formats(fields);
        int count = fields.int16();
        if (parameterFormats.size() > 1 && parameterFormats.size() != count) {
            throw FieldReader.violation(
                    parameterFormats.size() + " parameter formats for " + count + " parameters");
        }
        List<@Nullable String> parameters = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int length = fields.int32();
            parameters.add(length == -1 ? null : FieldReader.text(fields.bytes(length)));
        }
        return new FrontendMessage.Bind(portal, statement, parameters, formats(fields));
    }

    private static List<Boolean> formats(FieldReader fields) {
        int count = fields.int16();
        List<Boolean> formats = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int format = fields.int16();
            if (format != TEXT_FORMAT && format != BINARY_FORMAT) {
                throw FieldReader.violation("format code " + format);
            }
            formats.add(format == BINARY_FORMAT);
        }
        return formats;
    }

    private static FrontendMessage.Target target(FieldReader fields) {
        byte target = fields.int8();
        return switch (target) {
            case 'S' -> FrontendMessage.Target.STATEMENT;
            case 'P' -> FrontendMessage.Target.PORTAL;
            default ->
                    throw FieldReader.violation("target 0x" + Integer.toHexString(target & 0xFF));
        };
    }
}
