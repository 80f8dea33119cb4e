package io.annexdb.sidecar.replication;

import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.model.AnnexException;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Mutated messages: each is decoded or refused, and nothing else happens. */
class PgOutputFuzzTest {
    private static final int ROUNDS = Integer.getInteger("annex.fuzz.rounds", 100_000);
    private static final long SEED = Long.getLong("annex.seed", 20_261_121L);

    private static final List<byte[]> CORPUS =
            List.of(
                    new Bytes().int8('B').int64(100).int64(1).int32(7).done(),
                    new Bytes().int8('C').int8(0).int64(100).int64(110).int64(1).done(),
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
                            .done(),
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
                    new Bytes().int8('T').int32(2).int8(3).int32(9).int32(10).done(),
                    new Bytes()
                            .int8('M')
                            .int8(1)
                            .int64(78)
                            .string("annex")
                            .int32(2)
                            .int16(0)
                            .done());

    @Test
    void everyMutationIsDecodedOrRefused() {
        Random random = new Random(SEED);
        System.out.println("PgOutputFuzzTest seed " + SEED + ", rounds " + ROUNDS);
        int[] refused = new int[1];
        assertTimeoutPreemptively(
                Duration.ofSeconds(60),
                () -> {
                    for (int round = 0; round < ROUNDS; round++) {
                        refused[0] += survives(random) ? 0 : 1;
                    }
                });
        assertTrue(refused[0] > ROUNDS / 10, refused[0] + " refused: the mutations are too mild");
        assertTrue(refused[0] < ROUNDS, "every message was refused: nothing was decoded");
    }

    private static boolean survives(Random random) {
        try {
            TransactionAssembler assembler = new TransactionAssembler(PgOutputFuzzTest::read);
            for (int i = 0; i < 4; i++) {
                byte[] message =
                        mutate(CORPUS.get(i == 0 ? 0 : random.nextInt(CORPUS.size())), random);
                assembler.accept(PgOutputDecoder.decode(message, 0, message.length));
                if (i == 0) {
                    byte[] relation = CORPUS.get(2);
                    assembler.accept(PgOutputDecoder.decode(relation, 0, relation.length));
                }
            }
            return true;
        } catch (AnnexException e) {
            return false;
        }
    }

    /** Column decoders see what came through. */
    private static void read(StreamEvent event) {
        if (event instanceof StreamEvent.Changes changes) {
            for (RowChange change : changes.rows()) {
                if (change instanceof RowChange.Insert insert) {
                    readColumns(insert.row());
                }
            }
        }
    }

    private static void readColumns(Tuple row) {
        for (int i = 0; i < row.size(); i++) {
            if (!row.isNull(i) && !row.isUnchanged(i)) {
                for (ColumnType type : ColumnType.values()) {
                    tolerate(type, row, i);
                }
            }
        }
    }

    private static void tolerate(ColumnType type, Tuple row, int column) {
        try {
            if (type.isVector()) {
                VectorValue.of(type, row, column);
            } else {
                TextValue.of(type, row, column);
            }
        } catch (AnnexException e) {
            assertTrue(e.getMessage() != null);
        }
    }

    private static byte[] mutate(byte[] original, Random random) {
        byte[] bytes = original.clone();
        for (int edits = random.nextInt(3); edits > 0; edits--) {
            switch (random.nextInt(4)) {
                case 0 -> bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
                case 1 -> bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
                case 2 -> bytes = Arrays.copyOf(bytes, 1 + random.nextInt(bytes.length));
                default -> bytes = Arrays.copyOf(bytes, bytes.length + 1 + random.nextInt(8));
            }
        }
        return bytes;
    }

    private static byte[] insert(byte[] array) {
        Bytes bytes =
                new Bytes()
                        .int8('I')
                        .int32(9)
                        .int8('N')
                        .int16(2)
                        .int8('b')
                        .int32(8)
                        .int64(42)
                        .int8('b')
                        .int32(array.length);
        for (byte each : array) {
            bytes.int8(each);
        }
        return bytes.done();
    }

    private static byte[] array(int size) {
        Bytes bytes = new Bytes().int32(1).int32(0).int32(700).int32(size).int32(1);
        for (int i = 0; i < size; i++) {
            bytes.int32(4).float4(i);
        }
        return bytes.done();
    }
}
