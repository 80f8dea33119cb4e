package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.Lsn;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * Bytes to pgoutput messages, protocol version 1. Pure: no state, no I/O. Every count and length is
 * checked against the bytes that are there before anything is allocated by it; every contradiction,
 * an unknown message and trailing bytes included, is a PROTOCOL_VIOLATION, never a guess.
 */
final class PgOutputDecoder {
    private static final int COLUMNS_MAX = 1_664;

    private PgOutputDecoder() {}

    /**
     * Decodes the message that fills the range exactly. Tuples keep slices of the array.
     *
     * @throws AnnexException PROTOCOL_VIOLATION
     */
    static PgOutputMessage decode(byte[] bytes, int start, int end) {
        MessageReader in = new MessageReader(bytes, start, end);
        byte type = in.int8("message type");
        PgOutputMessage message =
                switch (type) {
                    case 'B' -> begin(in);
                    case 'C' -> commit(in);
                    case 'O' ->
                            new PgOutputMessage.Origin(lsn(in, "origin LSN"), in.string("origin"));
                    case 'R' -> description(in);
                    case 'Y' -> type(in);
                    case 'I' -> insert(in, bytes);
                    case 'U' -> update(in, bytes);
                    case 'D' -> delete(in, bytes);
                    case 'T' -> truncate(in);
                    case 'M' -> logical(in);
                    default ->
                            throw in.contradiction(
                                    "unknown message type 0x" + Integer.toHexString(type & 0xFF));
                };
        in.expectEnd();
        return message;
    }

    private static PgOutputMessage begin(MessageReader in) {
        return new PgOutputMessage.Begin(
                lsn(in, "final LSN"), in.int64("commit time"), in.int32("xid"));
    }

    private static PgOutputMessage commit(MessageReader in) {
        byte flags = in.int8("commit flags");
        if (flags != 0) {
            throw in.contradiction("commit flags are " + flags + ", expected 0");
        }
        return new PgOutputMessage.Commit(
                lsn(in, "commit LSN"), lsn(in, "end LSN"), in.int64("commit time"));
    }

    private static PgOutputMessage description(MessageReader in) {
        long oid = in.unsigned32("relation");
        String schema = in.string("schema");
        String name = in.string("relation name");
        char identity = (char) in.int8("replica identity");
        if ("dnfi".indexOf(identity) < 0) {
            throw in.contradiction("replica identity is '" + identity + "', expected d, n, f or i");
        }
        int count = columnCount(in, 10);
        List<PgOutputMessage.DescribedColumn> columns = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            byte flags = in.int8("column flags");
            if ((flags & ~1) != 0) {
                throw in.contradiction("column flags are " + flags + ", expected 0 or 1");
            }
            columns.add(
                    new PgOutputMessage.DescribedColumn(
                            flags == 1,
                            in.string("column name"),
                            in.unsigned32("column type"),
                            in.int32("type modifier")));
        }
        return new PgOutputMessage.Description(oid, schema, name, identity, columns);
    }

    private static PgOutputMessage type(MessageReader in) {
        return new PgOutputMessage.Type(
                new TypeName(
                        in.unsigned32("type"), in.string("type schema"), in.string("type name")));
    }

    private static PgOutputMessage insert(MessageReader in, byte[] bytes) {
        long oid = in.unsigned32("relation");
        expect(in, in.int8("tuple kind"), 'N');
        return new PgOutputMessage.Insert(oid, tuple(in, bytes));
    }

    private static PgOutputMessage update(MessageReader in, byte[] bytes) {
        long oid = in.unsigned32("relation");
        byte kind = in.int8("tuple kind");
        @Nullable Tuple old = null;
        if (kind == 'K' || kind == 'O') {
            old = tuple(in, bytes);
            kind = in.int8("tuple kind");
        }
        expect(in, kind, 'N');
        return new PgOutputMessage.Update(oid, old, tuple(in, bytes));
    }

    private static PgOutputMessage delete(MessageReader in, byte[] bytes) {
        long oid = in.unsigned32("relation");
        byte kind = in.int8("tuple kind");
        if (kind != 'K' && kind != 'O') {
            throw in.contradiction("tuple kind is " + kind + ", expected K or O");
        }
        return new PgOutputMessage.Delete(oid, tuple(in, bytes));
    }

    private static PgOutputMessage truncate(MessageReader in) {
        int count = in.int32("relation count");
        byte flags = in.int8("truncate flags");
        if ((flags & ~3) != 0) {
            throw in.contradiction("truncate flags are " + flags + ", expected 0 to 3");
        }
        in.count(count, 4, "relation count");
        List<Long> oids = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            oids.add(in.unsigned32("relation"));
        }
        return new PgOutputMessage.Truncate(oids);
    }

    private static PgOutputMessage logical(MessageReader in) {
        in.int8("message flags");
        Lsn lsn = lsn(in, "message LSN");
        String prefix = in.string("message prefix");
        in.skip(in.count(in.int32("message length"), 1, "message length"), "message content");
        return new PgOutputMessage.Logical(lsn, prefix);
    }

    private static Tuple tuple(MessageReader in, byte[] bytes) {
        int count = columnCount(in, 1);
        byte[] kinds = new byte[count];
        int[] offsets = new int[count];
        int[] lengths = new int[count];
        for (int i = 0; i < count; i++) {
            kinds[i] = in.int8("column kind");
            switch (kinds[i]) {
                case Tuple.NULL, Tuple.UNCHANGED -> {}
                case Tuple.TEXT, Tuple.BINARY -> {
                    lengths[i] = in.count(in.int32("column length"), 1, "column length");
                    offsets[i] = in.position();
                    in.skip(lengths[i], "column value");
                }
                default ->
                        throw in.contradiction(
                                "column kind is " + kinds[i] + ", expected n, u, t or b");
            }
        }
        return new Tuple(bytes, kinds, offsets, lengths);
    }

    private static int columnCount(MessageReader in, int leastBytesEach) {
        int count = in.count(in.int16("column count"), leastBytesEach, "column count");
        if (count > COLUMNS_MAX) {
            throw in.contradiction("column count is " + count + ", at most " + COLUMNS_MAX);
        }
        return count;
    }

    private static Lsn lsn(MessageReader in, String field) {
        return new Lsn(in.int64(field));
    }

    private static void expect(MessageReader in, byte actual, char expected) {
        if (actual != expected) {
            throw in.contradiction("tuple kind is " + actual + ", expected " + expected);
        }
    }
}
