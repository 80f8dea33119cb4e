package io.annexdb.sidecar.protocol;

import io.annexdb.sidecar.model.Column;

import org.jspecify.annotations.Nullable;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * Every message that we send, appended to one growing buffer that the caller sends when it likes.
 *
 * <pre>
 *   byte  type
 *   int32 length   itself included, the type not
 *   …              per type
 * </pre>
 */
public final class BackendWriter {
    private static final int CAPACITY_INITIAL = 8_192;
    private static final int CAPACITY_KEPT = 1 << 20;

    /** How grave an error is: the statement's end, or the session's. */
    public enum Severity {
        ERROR,
        FATAL
    }

    /** Where the session stands, as ReadyForQuery says it. */
    public enum TransactionStatus {
        IDLE('I'),
        IN_TRANSACTION('T');

        private final char letter;

        TransactionStatus(char letter) {
            this.letter = letter;
        }
    }

    private byte[] buffer = new byte[CAPACITY_INITIAL];
    private int length;
    private int messageStart;

    /** The bytes so far are the first {@link #length} ones; not a copy. */
    public byte[] array() {
        return buffer;
    }

    public int length() {
        return length;
    }

    /** Forgets the bytes, which were sent. */
    public void clear() {
        length = 0;
        if (buffer.length > CAPACITY_KEPT) {
            buffer = new byte[CAPACITY_INITIAL];
        }
    }

    /** The answer to a request for encryption: none. */
    public void noEncryption() {
        int8('N');
    }

    /** The answer to a request for TLS, after which the client begins its handshake. */
    public void encryptionFollows() {
        int8('S');
    }

    /** The mechanisms of authentication, the preferred one first. */
    public void authenticationSasl(List<String> mechanisms) {
        begin('R');
        int32(10);
        mechanisms.forEach(this::string);
        int8(0);
        end();
    }

    public void authenticationSaslContinue(String data) {
        begin('R');
        int32(11);
        bytes(utf8(data));
        end();
    }

    public void authenticationSaslFinal(String data) {
        begin('R');
        int32(12);
        bytes(utf8(data));
        end();
    }

    public void authenticationOk() {
        begin('R');
        int32(0);
        end();
    }

    /** Says which minor version of 3 we speak with this client, and that we know no option. */
    public void negotiateProtocolVersion(int minorVersion, List<String> unknownOptions) {
        begin('v');
        int32((3 << 16) | minorVersion);
        int32(unknownOptions.size());
        unknownOptions.forEach(this::string);
        end();
    }

    public void parameterStatus(String name, String value) {
        begin('S');
        string(name);
        string(value);
        end();
    }

    public void backendKeyData(int processId, byte[] cancelKey) {
        begin('K');
        int32(processId);
        bytes(cancelKey);
        end();
    }

    public void readyForQuery(TransactionStatus status) {
        begin('Z');
        int8(status.letter);
        end();
    }

    /**
     * Names the columns of the rows that follow.
     *
     * @param formats as in {@link FrontendMessage.Bind}
     */
    public void rowDescription(List<Column> columns, List<Boolean> formats) {
        begin('T');
        int16(columns.size());
        for (int i = 0; i < columns.size(); i++) {
            Column column = columns.get(i);
            string(column.name());
            int32(0);
            int16(0);
            int32(column.type().oid());
            int16(column.type().size());
            int32(-1);
            int16(isBinary(formats, i) ? 1 : 0);
        }
        end();
    }

    /** One row, its values of the columns' types. */
    public void dataRow(
            List<Column> columns, List<? extends @Nullable Object> values, List<Boolean> formats) {
        begin('D');
        int16(values.size());
        for (int i = 0; i < values.size(); i++) {
            Object value = values.get(i);
            if (value == null) {
                int32(-1);
            } else if (isBinary(formats, i)) {
                binary(columns.get(i), value);
            } else {
                sized(utf8(EncodeText.of(columns.get(i).type(), value)));
            }
        }
        end();
    }

    public void commandComplete(String tag) {
        begin('C');
        string(tag);
        end();
    }

    public void emptyQueryResponse() {
        empty('I');
    }

    public void parseComplete() {
        empty('1');
    }

    public void bindComplete() {
        empty('2');
    }

    public void closeComplete() {
        empty('3');
    }

    public void noData() {
        empty('n');
    }

    public void portalSuspended() {
        empty('s');
    }

    /** The types of a prepared statement's parameters. */
    public void parameterDescription(List<Integer> typeOids) {
        begin('t');
        int16(typeOids.size());
        typeOids.forEach(this::int32);
        end();
    }

    public void errorResponse(
            Severity severity, String sqlState, String message, @Nullable String hint) {
        begin('E');
        field('S', severity.name());
        field('V', severity.name());
        field('C', sqlState);
        field('M', message);
        if (hint != null) {
            field('H', hint);
        }
        int8(0);
        end();
    }

    private void field(char name, String value) {
        int8(name);
        // A zero byte would end the field early, and the rest would be read as fields.
        string(value.replace('\0', ' '));
    }

    private void binary(Column column, Object value) {
        switch (column.type()) {
            case TEXT -> sized(utf8((String) value));
            case INT4 -> {
                int32(4);
                int32((Integer) value);
            }
            case INT8 -> {
                int32(8);
                int64((Long) value);
            }
            case FLOAT8 -> {
                int32(8);
                int64(Double.doubleToLongBits((Double) value));
            }
            case BOOL -> {
                int32(1);
                int8((Boolean) value ? 1 : 0);
            }
        }
    }

    private static boolean isBinary(List<Boolean> formats, int column) {
        return switch (formats.size()) {
            case 0 -> false;
            case 1 -> formats.getFirst();
            default -> formats.get(column);
        };
    }

    private void empty(char type) {
        begin(type);
        end();
    }

    private void begin(char type) {
        int8(type);
        messageStart = length;
        int32(0);
    }

    private void end() {
        int messageEnd = length;
        length = messageStart;
        int32(messageEnd - messageStart);
        length = messageEnd;
    }

    private void int8(int value) {
        room(1);
        buffer[length++] = (byte) value;
    }

    private void int16(int value) {
        room(2);
        buffer[length++] = (byte) (value >>> 8);
        buffer[length++] = (byte) value;
    }

    private void int32(int value) {
        int16(value >>> 16);
        int16(value);
    }

    private void int64(long value) {
        int32((int) (value >>> 32));
        int32((int) value);
    }

    private void string(String value) {
        bytes(utf8(value));
        int8(0);
    }

    private void sized(byte[] value) {
        int32(value.length);
        bytes(value);
    }

    private void bytes(byte[] value) {
        room(value.length);
        System.arraycopy(value, 0, buffer, length, value.length);
        length += value.length;
    }

    private void room(int more) {
        if (buffer.length - length < more) {
            buffer = Arrays.copyOf(buffer, Math.max(buffer.length * 2, length + more));
        }
    }

    private static byte[] utf8(String value) {
        return value.getBytes(StandardCharsets.UTF_8);
    }
}
