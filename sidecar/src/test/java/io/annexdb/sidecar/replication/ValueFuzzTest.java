package io.annexdb.sidecar.replication;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.annexdb.sidecar.fuzz.Fuzz;
import io.annexdb.sidecar.model.AttributeRow;
import io.annexdb.sidecar.model.AttributeType;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.IncludedColumn;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.List;

/** Mutated values of every column type: a vector, a key, an attribute, or refused. */
class ValueFuzzTest {
    @ParameterizedTest
    @EnumSource
    void keysAndVectors(ColumnType type) {
        Fuzz.of(
                        type + " values",
                        bytes -> read(type, bytes),
                        ErrorCode.DATA_CORRUPTED,
                        ErrorCode.PROTOCOL_VIOLATION)
                .takingNearlyAll()
                .run(valid(type));
    }

    @ParameterizedTest
    @EnumSource
    void attributes(AttributeType type) {
        Fuzz.of(type + " attributes", bytes -> read(type, bytes), ErrorCode.DATA_CORRUPTED)
                .takingNearlyAll()
                .run(valid(type));
    }

    /** The first byte says which form the others are in. */
    private static void read(ColumnType type, byte[] bytes) {
        if (bytes.length == 0) {
            return;
        }
        boolean binary = bytes[0] == 'b';
        if (type.isVector()) {
            VectorValue.of(type, binary, bytes, 1, bytes.length - 1);
        } else {
            TextValue.of(type, binary, bytes, 1, bytes.length - 1);
        }
    }

    private static void read(AttributeType type, byte[] bytes) {
        Tuple tuple =
                new Tuple(
                        bytes, new byte[] {Tuple.BINARY}, new int[] {0}, new int[] {bytes.length});
        IncludedColumn column = new IncludedColumn("a", type, true, -1, 1);
        AttributeValue.read(column, tuple, 0, new AttributeRow.Builder(1), 0);
    }

    private static List<byte[]> valid(ColumnType type) {
        return switch (type) {
            case BOOLEAN -> List.of(text("t"), binary(new Bytes().int8(1)));
            case SMALLINT -> List.of(text("-7"), binary(new Bytes().int16(-7)));
            case INTEGER, OID -> List.of(text("7"), binary(new Bytes().int32(7)));
            case BIGINT -> List.of(text("42"), binary(new Bytes().int64(42)));
            case TEXT, VARCHAR, NAME, CHARACTER ->
                    List.of(text("\u00e4 b  "), binary(new Bytes().raw(text("x\u20ac  "))));
            case DATE -> List.of(text("2026-11-21"), binary(new Bytes().int32(9_821)));
            case TIMESTAMP, TIMESTAMPTZ ->
                    List.of(
                            text("2026-11-21 10:11:12.5"),
                            binary(new Bytes().int64(848_484_848_484_848L)));
            case UUID ->
                    List.of(
                            text("0f0e0d0c-0b0a-0908-0706-050403020100"),
                            binary(new Bytes().int64(1).int64(2)));
            case REAL_ARRAY -> List.of(text("{1,-2.5,3e-3}"), text("{}"), binary(reals(3)));
            case BIT, VARBIT ->
                    List.of(text("10110"), binary(new Bytes().int32(11).int8(0xA5).int8(0x40)));
            case VECTOR ->
                    List.of(
                            text("[1,-2.5,3e-3]"),
                            binary(new Bytes().int16(2).int16(0).float4(1).float4(-2)));
            case HALFVEC ->
                    List.of(
                            text("[1,-2.5]"),
                            binary(new Bytes().int16(2).int16(0).int16(0x3C00).int16(0xC000)));
        };
    }

    private static List<byte[]> valid(AttributeType type) {
        return switch (type) {
            case BOOLEAN -> List.of(new Bytes().int8(1).done());
            case SMALLINT -> List.of(new Bytes().int16(-7).done());
            case INTEGER, DATE -> List.of(new Bytes().int32(7).done());
            case REAL -> List.of(new Bytes().float4(7.5f).done());
            case BIGINT, TIMESTAMP, TIMESTAMPTZ -> List.of(new Bytes().int64(42).done());
            case DOUBLE -> List.of(new Bytes().int64(Double.doubleToLongBits(0.1)).done());
            case NUMERIC ->
                    List.of(
                            new Bytes()
                                    .int16(2)
                                    .int16(0)
                                    .int16(0)
                                    .int16(1)
                                    .int16(12)
                                    .int16(5_000)
                                    .done(),
                            new Bytes().int16(0).int16(0).int16(0xC000).int16(0).done(),
                            new Bytes().int16(1).int16(-3).int16(0x4000).int16(12).int16(7).done());
            case TEXT, VARCHAR, CHARACTER, NAME -> List.of(new Bytes().raw(text("\u00e4 ")).done());
            case UUID -> List.of(new Bytes().int64(1).int64(2).done());
            case SMALLINT_ARRAY -> List.of(array(21, new Bytes().int32(2).int16(5)), empty(21));
            case INTEGER_ARRAY -> List.of(array(23, new Bytes().int32(4).int32(5)), empty(23));
            case BIGINT_ARRAY -> List.of(array(20, new Bytes().int32(8).int64(5)), empty(20));
            case TEXT_ARRAY ->
                    List.of(array(25, new Bytes().int32(2).int8('a').int8('b')), empty(25));
            case VARCHAR_ARRAY -> List.of(array(1043, new Bytes().int32(1).int8('a')), empty(1043));
        };
    }

    private static byte[] text(String text) {
        return new Bytes().int8('t').raw(text.getBytes(UTF_8)).done();
    }

    private static byte[] binary(Bytes value) {
        return new Bytes().int8('b').raw(value.done()).done();
    }

    private static Bytes reals(int size) {
        Bytes bytes = new Bytes().int32(1).int32(0).int32(700).int32(size).int32(1);
        for (int i = 0; i < size; i++) {
            bytes.int32(4).float4(i);
        }
        return bytes;
    }

    /** An array of an element and a NULL. */
    private static byte[] array(int elementOid, Bytes element) {
        return new Bytes()
                .int32(1)
                .int32(1)
                .int32(elementOid)
                .int32(2)
                .int32(1)
                .raw(element.done())
                .int32(-1)
                .done();
    }

    private static byte[] empty(int elementOid) {
        return new Bytes().int32(0).int32(0).int32(elementOid).done();
    }
}
