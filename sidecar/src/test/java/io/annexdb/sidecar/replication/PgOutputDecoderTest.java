package io.annexdb.sidecar.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

class PgOutputDecoderTest {
    /** As PostgreSQL sent it for one insert, taken off the wire. */
    @Test
    void beginIsFinalLsnTimeAndXid() {
        byte[] bytes =
                HexFormat.of()
                        .parseHex("42" + "00000000016b3748" + "0002b5e1d3f0c400" + "000002ee");
        PgOutputMessage.Begin begin = assertInstanceOf(PgOutputMessage.Begin.class, decode(bytes));
        assertEquals(Lsn.parse("0/16B3748"), begin.finalLsn());
        assertEquals(0x0002b5e1d3f0c400L, begin.commitTime());
        assertEquals(750, begin.xid());
    }

    @Test
    void commitCarriesItsEnd() {
        byte[] bytes =
                HexFormat.of()
                        .parseHex(
                                "43"
                                        + "00"
                                        + "00000000016b3748"
                                        + "00000000016b3778"
                                        + "0002b5e1d3f0c400");
        assertEquals(
                new PgOutputMessage.Commit(
                        Lsn.parse("0/16B3748"), Lsn.parse("0/16B3778"), 0x0002b5e1d3f0c400L),
                decode(bytes));
    }

    @Test
    void relationNamesItsColumns() {
        byte[] bytes =
                new Bytes()
                        .int8('R')
                        .int32(0xFFFF_FFF0)
                        .string("")
                        .string("Größe")
                        .int8('d')
                        .int16(2)
                        .int8(1)
                        .string("id")
                        .int32(20)
                        .int32(-1)
                        .int8(0)
                        .string("e")
                        .int32(1021)
                        .int32(-1)
                        .done();
        assertEquals(
                new PgOutputMessage.Description(
                        0xFFFF_FFF0L,
                        "",
                        "Größe",
                        'd',
                        List.of(
                                new PgOutputMessage.DescribedColumn(true, "id", 20, -1),
                                new PgOutputMessage.DescribedColumn(false, "e", 1021, -1))),
                decode(bytes));
    }

    @Test
    void typeOriginAndLogicalMessage() {
        assertEquals(
                new PgOutputMessage.Type(new TypeName(16400, "public", "vector")),
                decode(
                        new Bytes()
                                .int8('Y')
                                .int32(16400)
                                .string("public")
                                .string("vector")
                                .done()));
        assertEquals(
                new PgOutputMessage.Origin(new Lsn(77), "pg_16390"),
                decode(new Bytes().int8('O').int64(77).string("pg_16390").done()));
        assertEquals(
                new PgOutputMessage.Logical(new Lsn(78), "annex"),
                decode(
                        new Bytes()
                                .int8('M')
                                .int8(1)
                                .int64(78)
                                .string("annex")
                                .int32(2)
                                .int16(0)
                                .done()));
    }

    @Test
    void insertKeepsEachKindOfValue() {
        byte[] bytes =
                new Bytes()
                        .int8('I')
                        .int32(9)
                        .int8('N')
                        .int16(4)
                        .int8('n')
                        .int8('u')
                        .text("x y")
                        .int8('b')
                        .int32(8)
                        .int64(42)
                        .done();
        PgOutputMessage.Insert insert =
                assertInstanceOf(PgOutputMessage.Insert.class, decode(bytes));
        Tuple row = insert.row();
        assertEquals(9, insert.relationOid());
        assertEquals(4, row.size());
        assertTrue(row.isNull(0));
        assertTrue(row.isUnchanged(1));
        assertFalse(row.isNull(2));
        assertEquals("x y", TextValue.of(ColumnType.TEXT, row, 2));
        assertEquals("42", TextValue.of(ColumnType.BIGINT, row, 3));
        assertEquals(11, row.payloadBytes());
    }

    @Test
    void updateWithAndWithoutOldKey() {
        Bytes plain = new Bytes().int8('U').int32(9).int8('N').int16(1).text("1");
        PgOutputMessage.Update update =
                assertInstanceOf(PgOutputMessage.Update.class, decode(plain.done()));
        assertNull(update.old());
        Bytes moved =
                new Bytes()
                        .int8('U')
                        .int32(9)
                        .int8('K')
                        .int16(1)
                        .text("1")
                        .int8('N')
                        .int16(1)
                        .text("2");
        PgOutputMessage.Update withKey =
                assertInstanceOf(PgOutputMessage.Update.class, decode(moved.done()));
        Tuple old = withKey.old();
        assertNotNull(old);
        assertEquals("1", TextValue.of(ColumnType.TEXT, old, 0));
        assertEquals("2", TextValue.of(ColumnType.TEXT, withKey.row(), 0));
    }

    @Test
    void deleteAndTruncate() {
        PgOutputMessage.Delete delete =
                assertInstanceOf(
                        PgOutputMessage.Delete.class,
                        decode(new Bytes().int8('D').int32(9).int8('K').int16(1).text("1").done()));
        assertEquals("1", TextValue.of(ColumnType.TEXT, delete.old(), 0));
        assertEquals(
                new PgOutputMessage.Truncate(List.of(9L, 10L)),
                decode(new Bytes().int8('T').int32(2).int8(1).int32(9).int32(10).done()));
    }

    @Test
    void contradictionsAreProtocolViolations() {
        refused("unknown message type", new Bytes().int8('Z'));
        refused("final LSN needs 8 bytes", new Bytes().int8('B').int32(1));
        refused("bytes follow", new Bytes().int8('B').int64(1).int64(1).int32(1).int8(0));
        refused("commit flags", new Bytes().int8('C').int8(1).int64(1).int64(2).int64(3));
        refused("no terminating zero", new Bytes().int8('O').int64(1).int8('x'));
        refused("not valid UTF-8", new Bytes().int8('O').int64(1).int8(0xC3).int8(0));
        refused("column count is -1", new Bytes().int8('I').int32(1).int8('N').int16(-1));
        refused("column count is 30000", new Bytes().int8('I').int32(1).int8('N').int16(30_000));
        refused("column kind", new Bytes().int8('I').int32(1).int8('N').int16(1).int8('x'));
        refused("column length is -2", row().int8('b').int32(-2));
        refused("column length is 2147483647", row().int8('b').int32(Integer.MAX_VALUE));
        refused("relation count", new Bytes().int8('T').int32(Integer.MAX_VALUE).int8(0));
        refused("tuple kind", new Bytes().int8('D').int32(1).int8('N').int16(0));
        refused("replica identity", new Bytes().int8('R').int32(1).string("").string("").int8('x'));
    }

    @Test
    void transactionsMustNest() {
        List<StreamEvent> events = new ArrayList<>();
        TransactionAssembler assembler = new TransactionAssembler(events::add);
        assertThrows(
                AnnexException.class,
                () -> assembler.accept(new PgOutputMessage.Truncate(List.of(1L))));
        assembler.accept(new PgOutputMessage.Begin(new Lsn(100), 0, 7));
        assertThrows(
                AnnexException.class,
                () -> assembler.accept(new PgOutputMessage.Begin(new Lsn(200), 0, 8)));
        assertThrows(
                AnnexException.class,
                () -> assembler.accept(new PgOutputMessage.Commit(new Lsn(101), new Lsn(110), 0)));
        assembler.accept(new PgOutputMessage.Truncate(List.of(1L)));
        assembler.accept(new PgOutputMessage.Commit(new Lsn(100), new Lsn(110), 0));
        assertEquals(
                List.of(
                        new StreamEvent.Changes(
                                new Lsn(100), 7, List.of(new RowChange.Truncate(List.of(1L)))),
                        new StreamEvent.Commit(
                                new Lsn(100), new Lsn(110), 7, 946_684_800_000_000L)),
                events);
    }

    @Test
    void rowsMustFitTheirRelation() {
        TransactionAssembler assembler = new TransactionAssembler(event -> {});
        assembler.accept(new PgOutputMessage.Begin(new Lsn(100), 0, 7));
        PgOutputMessage insert = decode(row().text("1").done());
        assertThrows(AnnexException.class, () -> assembler.accept(insert));
        assembler.accept(new PgOutputMessage.Description(1, "", "t", 'd', List.of()));
        AnnexException error = assertThrows(AnnexException.class, () -> assembler.accept(insert));
        assertTrue(String.valueOf(error.getMessage()).contains("1 columns, described were 0"));
    }

    private static Bytes row() {
        return new Bytes().int8('I').int32(1).int8('N').int16(1);
    }

    private static void refused(String part, Bytes bytes) {
        byte[] message = bytes.done();
        AnnexException error = assertThrows(AnnexException.class, () -> decode(message));
        assertEquals(ErrorCode.PROTOCOL_VIOLATION, error.code());
        assertTrue(String.valueOf(error.getMessage()).contains(part), error.getMessage());
    }

    private static PgOutputMessage decode(byte[] message) {
        byte[] framed = new byte[message.length + 5];
        System.arraycopy(message, 0, framed, 3, message.length);
        return PgOutputDecoder.decode(framed, 3, 3 + message.length);
    }
}
