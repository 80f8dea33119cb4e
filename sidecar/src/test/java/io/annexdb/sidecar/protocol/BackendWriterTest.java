package io.annexdb.sidecar.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annexdb.sidecar.model.Column;
import io.annexdb.sidecar.model.ColumnType;
import io.annexdb.sidecar.protocol.BackendWriter.Severity;
import io.annexdb.sidecar.protocol.BackendWriter.TransactionStatus;

import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;

/** Literal bytes: each comparison is with everything that was written. */
class BackendWriterTest {
    private static final List<Column> ALL_TYPES =
            List.of(
                    new Column("t", ColumnType.TEXT),
                    new Column("i", ColumnType.INT4),
                    new Column("l", ColumnType.INT8),
                    new Column("d", ColumnType.FLOAT8),
                    new Column("b", ColumnType.BOOL));

    @Test
    void startOfASession() {
        written("4e", BackendWriter::noEncryption);
        written("52 00000008 00000000", BackendWriter::authenticationOk);
        written("52 0000000b 0000000a 5800 00", out -> out.authenticationSasl(List.of("X")));
        written("52 0000000a 0000000b 7a7a", out -> out.authenticationSaslContinue("zz"));
        written("52 0000000a 0000000c 7a7a", out -> out.authenticationSaslFinal("zz"));
        written("53 00000008 6100 6200", out -> out.parameterStatus("a", "b"));
        written(
                "4b 0000000c 00000007 cafebabe",
                out -> out.backendKeyData(7, HexFormat.of().parseHex("cafebabe")));
        written(
                "76 00000011 00030002 00000001 5f70715f00",
                out -> out.negotiateProtocolVersion(2, List.of("_pq_")));
        written("5a 00000005 49", out -> out.readyForQuery(TransactionStatus.IDLE));
        written("5a 00000005 54", out -> out.readyForQuery(TransactionStatus.IN_TRANSACTION));
    }

    @Test
    void rowDescription() {
        written(
                "54 0000002e 0002"
                        + " 7400 00000000 0000 00000019 ffff ffffffff 0000"
                        + " 6c00 00000000 0000 00000014 0008 ffffffff 0001",
                out ->
                        out.rowDescription(
                                List.of(ALL_TYPES.get(0), ALL_TYPES.get(2)), List.of(false, true)));
    }

    @Test
    void textValues() {
        written(
                "44 00000026 0005 00000003 c3a978 00000002 2d37 00000002 3432"
                        + " 00000004 302e3235 00000001 74",
                out -> out.dataRow(ALL_TYPES, List.of("éx", -7, 42L, 0.25, true), List.of()));
    }

    @Test
    void binaryValues() {
        written(
                "44 00000032 0005 00000003 c3a978 00000004 fffffff9 00000008 000000000000002a"
                        + " 00000008 3fd0000000000000 00000001 00",
                out -> out.dataRow(ALL_TYPES, List.of("éx", -7, 42L, 0.25, false), List.of(true)));
    }

    @Test
    void nullsAndMixedFormats() {
        List<Column> two = List.of(ALL_TYPES.get(2), ALL_TYPES.get(2));
        written(
                "44 0000000e 0002 ffffffff ffffffff",
                out -> out.dataRow(two, Arrays.asList(null, null), List.of(true)));
        written(
                "44 00000017 0002 00000001 31 00000008 0000000000000001",
                out -> out.dataRow(two, List.of(1L, 1L), List.of(false, true)));
    }

    @Test
    void endings() {
        written("43 0000000d 53454c454354203100", out -> out.commandComplete("SELECT 1"));
        written("49 00000004", BackendWriter::emptyQueryResponse);
        written("31 00000004", BackendWriter::parseComplete);
        written("32 00000004", BackendWriter::bindComplete);
        written("33 00000004", BackendWriter::closeComplete);
        written("6e 00000004", BackendWriter::noData);
        written("73 00000004", BackendWriter::portalSuspended);
        written("74 0000000a 0001 00000019", out -> out.parameterDescription(List.of(25)));
    }

    @Test
    void errors() {
        written(
                "45 00000025 53 4552524f5200 56 4552524f5200 43 343236303100 4d 6e6f00 48"
                        + " 747279206100 00",
                out -> out.errorResponse(Severity.ERROR, "42601", "no", "try a"));
        written(
                "45 0000001f 53 464154414c00 56 464154414c00 43 303850303100 4d 612062 00 00",
                out -> out.errorResponse(Severity.FATAL, "08P01", "a\0b", null));
    }

    @Test
    void manyMessagesGrowTheBuffer() {
        BackendWriter out = new BackendWriter();
        String value = "v".repeat(5_000);
        for (int i = 0; i < 1_000; i++) {
            out.parameterStatus("n", value);
        }
        assertEquals(1_000 * (1 + 4 + 2 + 5_001), out.length());
        out.clear();
        assertEquals(0, out.length());
    }

    private static void written(String hexadecimal, Consumer<BackendWriter> write) {
        BackendWriter out = new BackendWriter();
        write.accept(out);
        assertEquals(
                hexadecimal.replace(" ", ""),
                HexFormat.of().formatHex(out.array(), 0, out.length()));
    }
}
