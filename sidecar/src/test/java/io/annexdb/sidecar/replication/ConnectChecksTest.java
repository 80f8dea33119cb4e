package io.annexdb.sidecar.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;

import org.junit.jupiter.api.Test;

import java.util.Optional;

class ConnectChecksTest {
    private static final ServerIdentity OURS = new ServerIdentity("741", 2, 5);
    private static final Slot SLOT = new Slot("pgoutput", "app", false, new Lsn(100));

    @Test
    void goesOnWhenAllFits() {
        assertEquals(Optional.empty(), gap(server(OURS, 500), SLOT, 300, 200));
        assertEquals(Optional.empty(), gap(server(OURS, 300), SLOT, 300, 100), "at the very ends");
    }

    @Test
    void seesAnotherDatabase() {
        found("another database", server(new ServerIdentity("742", 2, 5), 500), SLOT, 300, 200);
        found("another database", server(new ServerIdentity("741", 2, 6), 500), SLOT, 300, 200);
    }

    @Test
    void seesARestoredServer() {
        found("the server's log ends at 0/12B", server(OURS, 299), SLOT, 300, 200);
    }

    /** A server on timeline 3 with this history. */
    private static ServerFacts promoted(String history) {
        return new ServerFacts(
                new ServerIdentity("741", 3, 5),
                new Lsn(900),
                false,
                "logical",
                180_006,
                TimelineHistory.parse(history));
    }

    @Test
    void followsAPromotionOnlyUpToItsSwitchPoint() {
        ServerFacts promoted = promoted("1\t0/50\tno reason\n\n2\t0/12C\tno reason\n");
        assertEquals(Optional.empty(), gap(promoted, SLOT, 300, 200));
        found("timeline 3 left 2 at 0/12C", promoted, SLOT, 301, 200);
        ServerFacts foreign = promoted("1\t0/50\tno reason");
        found("no ancestor", foreign, SLOT, 10, 10);
    }

    @Test
    void goesBackToTheSwitchPointWhereTheSlotHasAllSinceThen() {
        ServerFacts promoted = promoted("1\t0/50\tno reason\n\n2\t0/12C\tno reason\n");
        assertEquals(Optional.of(new Lsn(300)), rewind(promoted, Optional.of(SLOT), true, 301));
        assertEquals(Optional.empty(), rewind(promoted, Optional.of(SLOT), true, 300), "no gap");
        assertEquals(Optional.empty(), rewind(promoted, Optional.of(SLOT), false, 301));
        assertEquals(Optional.empty(), rewind(promoted, Optional.empty(), true, 301));
        assertEquals(
                Optional.empty(),
                rewind(promoted, Optional.of(slot("pgoutput", false, 301)), true, 400));
        assertEquals(
                Optional.empty(),
                rewind(promoted, Optional.of(slot("pgoutput", true, 100)), true, 400));
        assertEquals(
                Optional.empty(), rewind(server(OURS, 299), Optional.of(SLOT), true, 300), "same");
    }

    private static Optional<Lsn> rewind(
            ServerFacts server, Optional<Slot> slot, boolean published, long position) {
        return ConnectChecks.rewindTo(server, slot, published, OURS, new Lsn(position));
    }

    @Test
    void seesALostOrMovedSlotAndAMissingPublication() {
        found("the slot starts at 0/C9", server(OURS, 500), slot("pgoutput", false, 201), 300, 200);
        found("unusable", server(OURS, 500), slot("pgoutput", true, 100), 300, 200);
        found("unusable", server(OURS, 500), slot("test_decoding", false, 100), 300, 200);
        assertTrue(
                ConnectChecks.gap(
                                server(OURS, 500),
                                Optional.empty(),
                                true,
                                OURS,
                                new Lsn(300),
                                new Lsn(200))
                        .orElseThrow()
                        .contains("slot is gone"));
        assertTrue(
                ConnectChecks.gap(
                                server(OURS, 500),
                                Optional.of(SLOT),
                                false,
                                OURS,
                                new Lsn(300),
                                new Lsn(200))
                        .orElseThrow()
                        .contains("annex_data is missing"));
    }

    @Test
    void refusesStandbysAndLowWalLevels() {
        AnnexException standby =
                assertThrows(
                        AnnexException.class,
                        () -> ConnectChecks.requireSource(facts(true, "logical")));
        assertEquals(ErrorCode.NOT_SERVABLE, standby.code());
        AnnexException level =
                assertThrows(
                        AnnexException.class,
                        () -> ConnectChecks.requireSource(facts(false, "replica")));
        assertEquals(ErrorCode.CONFIGURATION, level.code());
        assertTrue(level.hint().orElseThrow().contains("ALTER SYSTEM SET wal_level"));
    }

    @Test
    void warnsOfOldMinors() {
        assertTrue(version(150_013).minorVersionWarning().isPresent());
        assertTrue(version(150_014).minorVersionWarning().isEmpty());
        assertTrue(version(170_005).minorVersionWarning().isPresent());
        assertTrue(version(180_000).minorVersionWarning().isEmpty());
    }

    private static void found(
            String part, ServerFacts server, Slot slot, long applied, long durable) {
        String gap = gap(server, slot, applied, durable).orElse("none");
        assertTrue(gap.contains(part), gap);
    }

    private static Optional<String> gap(ServerFacts server, Slot slot, long applied, long durable) {
        return ConnectChecks.gap(
                server, Optional.of(slot), true, OURS, new Lsn(applied), new Lsn(durable));
    }

    private static Slot slot(String plugin, boolean lost, long confirmed) {
        return new Slot(plugin, "app", lost, new Lsn(confirmed));
    }

    private static ServerFacts server(ServerIdentity identity, long flushed) {
        return new ServerFacts(
                identity,
                new Lsn(flushed),
                false,
                "logical",
                180_006,
                TimelineHistory.parse("1\t0/50\tno recovery target specified"));
    }

    private static ServerFacts facts(boolean inRecovery, String walLevel) {
        return new ServerFacts(
                OURS, new Lsn(500), inRecovery, walLevel, 180_006, TimelineHistory.parse(""));
    }

    private static ServerFacts version(int number) {
        return new ServerFacts(
                OURS, new Lsn(500), false, "logical", number, TimelineHistory.parse(""));
    }
}
