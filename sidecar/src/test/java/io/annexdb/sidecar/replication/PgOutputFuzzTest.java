package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.fuzz.Fuzz;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Mutated messages, transactions and rows of COPY: each is decoded or refused, and nothing else
 * happens. A transaction is one input, its messages with their lengths before them, so that
 * messages are also lost, doubled and exchanged.
 */
class PgOutputFuzzTest {
    private static final byte[] BEGIN = new Bytes().int8('B').int64(100).int64(1).int32(7).done();
    private static final byte[] COMMIT =
            new Bytes().int8('C').int8(0).int64(100).int64(110).int64(1).done();
    private static final byte[] RELATION =
            new Bytes()
                    .int8('R')
                    .int32(9)
                    .string("public")
                    .string("docs")
                    .int8('d')
                    .int16(2)
                    .int8(1)
                    .string("id")
                    .int32(20)
                    .int32(-1)
                    .int8(0)
                    .string("embedding")
                    .int32(1021)
                    .int32(-1)
                    .done();
    private static final List<byte[]> CHANGES =
            List.of(
                    new Bytes().int8('Y').int32(16400).string("public").string("vector").done(),
                    insert(array(3)),
                    insert(array(0)),
                    new Bytes()
                            .int8('U')
                            .int32(9)
                            .int8('K')
                            .int16(2)
                            .text("1")
                            .int8('n')
                            .int8('N')
                            .int16(2)
                            .text("2")
                            .int8('u')
                            .done(),
                    new Bytes().int8('D').int32(9).int8('K').int16(2).text("1").int8('n').done(),
                    new Bytes().int8('T').int32(1).int8(3).int32(9).done(),
                    new Bytes().int8('O').int64(5).string("elsewhere").done(),
                    new Bytes()
                            .int8('M')
                            .int8(1)
                            .int64(78)
                            .string("annex")
                            .int32(2)
                            .int16(0)
                            .done());

    @Test
    void messages() {
        List<byte[]> valid = new ArrayList<>(CHANGES);
        valid.addAll(List.of(BEGIN, COMMIT, RELATION));
        Fuzz.of(
                        "pgoutput messages",
                        bytes -> PgOutputDecoder.decode(bytes, 0, bytes.length),
                        ErrorCode.PROTOCOL_VIOLATION)
                .run(valid);
    }

    @Test
    void transactions() {
        List<byte[]> valid = new ArrayList<>();
        for (byte[] change : CHANGES) {
            valid.add(framed(BEGIN, RELATION, change, CHANGES.get(1), COMMIT));
        }
        valid.add(framed(BEGIN, COMMIT, BEGIN, RELATION, CHANGES.get(2), COMMIT));
        Fuzz.of(
                        "pgoutput transactions",
                        PgOutputFuzzTest::transaction,
                        ErrorCode.PROTOCOL_VIOLATION,
                        ErrorCode.DATA_CORRUPTED)
                .run(valid);
    }

    @Test
    void copies() {
        Fuzz.of("COPY", PgOutputFuzzTest::copy, ErrorCode.DATA_CORRUPTED)
                .run(
                        List.of(
                                copied(new Bytes()),
                                copied(
                                        new Bytes()
                                                .int16(2)
                                                .int32(8)
                                                .int64(42)
                                                .int32(array(3).length)
                                                .raw(array(3))
                                                .int16(2)
                                                .int32(-1)
                                                .int32(-1))));
    }

    private static void transaction(byte[] bytes) {
        TransactionAssembler assembler = new TransactionAssembler(PgOutputFuzzTest::read);
        ByteBuffer in = ByteBuffer.wrap(bytes);
        while (in.remaining() >= 2) {
            int length = Math.min(in.remaining() - 2, in.getShort() & 0xFFFF);
            int start = in.position();
            assembler.accept(PgOutputDecoder.decode(bytes, start, start + length));
            in.position(start + length);
        }
    }

    /** Column decoders see what came through. */
    private static void read(StreamEvent event) {
        if (event instanceof StreamEvent.Changes changes) {
            for (RowChange change : changes.rows()) {
                if (change instanceof RowChange.Insert insert && insert.row().size() == 2) {
                    columns(insert.row());
                }
            }
        }
    }

    private static void columns(Tuple row) {
        if (!row.isNull(0) && !row.isUnchanged(0)) {
            TextValue.of(ColumnType.BIGINT, row, 0);
        }
        if (!row.isNull(1) && !row.isUnchanged(1)) {
            VectorValue.of(ColumnType.REAL_ARRAY, row, 1);
        }
    }

    private static void copy(byte[] bytes) throws IOException {
        try {
            BinaryCopy copy = new BinaryCopy(new ByteArrayInputStream(bytes), 2);
            for (Tuple row = copy.next(); row != null; row = copy.next()) {
                columns(row);
            }
        } catch (EOFException e) {
            throw new AnnexException(ErrorCode.DATA_CORRUPTED, "cut off", null, e);
        }
    }

    private static byte[] framed(byte[]... messages) {
        Bytes bytes = new Bytes();
        for (byte[] message : messages) {
            bytes.int16(message.length).raw(message);
        }
        return bytes.done();
    }

    private static byte[] copied(Bytes rows) {
        return new Bytes()
                .raw(new byte[] {'P', 'G', 'C', 'O', 'P', 'Y', '\n', (byte) 0xFF, '\r', '\n', 0})
                .int32(0)
                .int32(0)
                .raw(rows.done())
                .int16(-1)
                .done();
    }

    private static byte[] insert(byte[] array) {
        return new Bytes()
                .int8('I')
                .int32(9)
                .int8('N')
                .int16(2)
                .int8('b')
                .int32(8)
                .int64(42)
                .int8('b')
                .int32(array.length)
                .raw(array)
                .done();
    }

    private static byte[] array(int size) {
        Bytes bytes = new Bytes().int32(1).int32(0).int32(700).int32(size).int32(1);
        for (int i = 0; i < size; i++) {
            bytes.int32(4).float4(i);
        }
        return bytes.done();
    }
}
