package io.annexdb.sidecar.replication;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.ServerIdentity;
import io.annexdb.sidecar.model.TimelineHistory;
import io.annexdb.sidecar.telemetry.ConnectCheck;

import org.junit.jupiter.api.Test;

import java.util.Optional;

/** The connect checks as decisions over values, at their very ends. */
class ConnectChecksTest {
    /** Timeline 2, which left 1 at 0/50. */
    private static final ServerIdentity OURS = identity("741", 0, 5, "1@0/50,2");

    private static final Slot SLOT = slot("pgoutput", "app", false, 100);

    @Test
    void goesOnWhenAllFits() {
        assertEquals(Optional.empty(), gap(server(OURS, 500), SLOT, 300, 200));
        assertEquals(Optional.empty(), gap(server(OURS, 300), SLOT, 300, 100), "at the very ends");
    }

    @Test
    void aStandbyOrALowWalLevelIsNoSource() {
        AnnexException standby =
                assertThrows(
                        AnnexException.class,
                        () -> ConnectChecks.requireSource(facts(true, "logical", 180_006)));
        assertEquals(ErrorCode.NOT_SERVABLE, standby.code());
        AnnexException level =
                assertThrows(
                        AnnexException.class,
                        () -> ConnectChecks.requireSource(facts(false, "replica", 180_006)));
        assertEquals(ErrorCode.CONFIGURATION, level.code());
        assertTrue(level.hint().orElseThrow().contains("ALTER SYSTEM SET wal_level"));
    }

    @Test
    void minorsThatLoseChangesAreRefused() {
        for (int version : new int[] {150_013, 160_009, 170_005}) {
            AnnexException refused =
                    assertThrows(
                            AnnexException.class,
                            () -> ConnectChecks.requireVersion(facts(false, "logical", version)));
            assertEquals(ErrorCode.CONFIGURATION, refused.code());
            assertTrue(refused.hint().orElseThrow().contains("Install PostgreSQL"));
        }
        for (int version : new int[] {150_014, 160_010, 170_006, 180_000, 190_000}) {
            assertDoesNotThrow(
                    () -> ConnectChecks.requireVersion(facts(false, "logical", version)));
        }
    }

    @Test
    void anotherClusterGroupOrDatabaseIsAnotherLog() {
        for (ServerIdentity other :
                new ServerIdentity[] {
                    identity("742", 0, 5, "1@0/50,2"),
                    identity("741", 3, 5, "1@0/50,2"),
                    identity("741", 0, 6, "1@0/50,2")
                }) {
            FailedCheck found =
                    found(
                            ConnectCheck.IDENTITY,
                            "another database: " + other,
                            server(other, 500),
                            SLOT,
                            300,
                            200);
            assertEquals(Optional.empty(), found.rewindTo());
        }
    }

    @Test
    void timelinesThatBranchedAreNotToldApartByTheirNumber() {
        // The server, too, is on a timeline 2, which left 1 earlier, or later, than ours.
        ServerFacts earlier = server(identity("741", 0, 5, "1@0/40,2"), 500);
        FailedCheck found =
                found(
                        ConnectCheck.HISTORY,
                        "of timeline 1@0/50,2, the server's 1@0/40,2 is another branch from 0/40",
                        earlier,
                        slot("pgoutput", "app", false, 0x40),
                        300,
                        200);
        assertEquals(Optional.of(new Lsn(0x40)), found.rewindTo(), "where they parted");
        ServerFacts later = server(identity("741", 0, 5, "1@0/60,2"), 500);
        found(ConnectCheck.HISTORY, "another branch from 0/50", later, SLOT, 300, 200);
        ServerFacts foreign = server(identity("741", 0, 5, "3"), 500);
        assertEquals(
                Optional.empty(),
                found(ConnectCheck.HISTORY, "another branch from 0/0", foreign, SLOT, 1, 1)
                        .rewindTo(),
                "nothing in common");
        assertEquals(
                Optional.empty(),
                gap(earlier, slot("pgoutput", "app", false, 0x30), 0x40, 0x30),
                "we have nothing but what both have");
    }

    @Test
    void aPromotionIsFollowedUpToItsSwitchPoint() {
        ServerFacts promoted = promoted(900);
        assertEquals(Optional.empty(), gap(promoted, SLOT, 300, 200));
        FailedCheck found =
                found(ConnectCheck.SWITCH_POINT, "left it at 0/12C", promoted, SLOT, 301, 200);
        assertEquals(Optional.of(new Lsn(300)), found.rewindTo());
        found(ConnectCheck.SWITCH_POINT, "left it at 0/12C", promoted, SLOT, 200, 301);
    }

    @Test
    void goesBackOnlyWhereTheSlotHasAllSinceThen() {
        assertEquals(Optional.of(new Lsn(300)), rewind(900, Optional.of(SLOT), true));
        assertEquals(Optional.empty(), rewind(900, Optional.of(SLOT), false));
        assertEquals(Optional.empty(), rewind(900, Optional.empty(), true));
        assertEquals(
                Optional.empty(), rewind(299, Optional.of(SLOT), true), "a log that is shorter");
        assertEquals(
                Optional.empty(),
                rewind(900, Optional.of(slot("pgoutput", "app", false, 301)), true));
        assertEquals(
                Optional.empty(),
                rewind(900, Optional.of(slot("pgoutput", "app", true, 100)), true));
        assertEquals(
                Optional.empty(),
                found(ConnectCheck.LOG_END, "", server(OURS, 299), SLOT, 300, 200).rewindTo(),
                "on the same timeline nobody knows from where on a restored server is another one");
    }

    @Test
    void aServerWhoseLogEndsBeforeTheIndexesWasRestored() {
        found(
                ConnectCheck.LOG_END,
                "the server's log ends at 0/12B",
                server(OURS, 299),
                SLOT,
                300,
                200);
    }

    @Test
    void aSlotThatIsGoneLostOrOfAnotherKindIsSeen() {
        ServerFacts server = server(OURS, 500);
        for (Slot unusable :
                new Slot[] {
                    slot("pgoutput", "app", true, 100),
                    slot("test_decoding", "app", false, 100),
                    slot("pgoutput", "other", false, 100)
                }) {
            found(ConnectCheck.SLOT, "unusable for app", server, unusable, 300, 200);
        }
        FailedCheck gone =
                ConnectChecks.gap(server, Optional.empty(), true, OURS, new Lsn(300), new Lsn(200))
                        .orElseThrow();
        assertEquals(ConnectCheck.SLOT, gone.check());
        assertTrue(gone.reason().contains("slot is gone"));
    }

    @Test
    void aSlotThatBeginsBehindTheFilesLeavesAGap() {
        found(
                ConnectCheck.SLOT_POSITION,
                "the slot starts at 0/C9, the index files end at 0/C8",
                server(OURS, 500),
                slot("pgoutput", "app", false, 201),
                300,
                200);
    }

    @Test
    void aMissingPublicationIsSeen() {
        FailedCheck found =
                ConnectChecks.gap(
                                server(OURS, 500),
                                Optional.of(SLOT),
                                false,
                                OURS,
                                new Lsn(300),
                                new Lsn(200))
                        .orElseThrow();
        assertEquals(ConnectCheck.PUBLICATION, found.check());
        assertTrue(found.reason().contains("annex_data is missing"));
    }

    private static FailedCheck found(
            ConnectCheck check,
            String part,
            ServerFacts server,
            Slot slot,
            long applied,
            long durable) {
        FailedCheck found = gap(server, slot, applied, durable).orElseThrow();
        assertEquals(check, found.check());
        assertTrue(found.reason().contains(part), found.reason());
        return found;
    }

    private static Optional<FailedCheck> gap(
            ServerFacts server, Slot slot, long applied, long durable) {
        return ConnectChecks.gap(
                server, Optional.of(slot), true, OURS, new Lsn(applied), new Lsn(durable));
    }

    private static Optional<Lsn> rewind(long flushed, Optional<Slot> slot, boolean published) {
        return ConnectChecks.gap(
                        promoted(flushed), slot, published, OURS, new Lsn(400), new Lsn(200))
                .orElseThrow()
                .rewindTo();
    }

    /** On timeline 3, which left 2 at 0/12C. */
    private static ServerFacts promoted(long flushed) {
        return server(identity("741", 0, 5, "1@0/50,2@0/12C,3"), flushed);
    }

    private static ServerIdentity identity(
            String system, int group, long databaseOid, String history) {
        return new ServerIdentity(system, group, databaseOid, TimelineHistory.parseText(history));
    }

    private static Slot slot(String plugin, String database, boolean lost, long confirmed) {
        return new Slot(plugin, database, lost, new Lsn(confirmed));
    }

    private static ServerFacts server(ServerIdentity identity, long flushed) {
        return new ServerFacts(identity, "app", new Lsn(flushed), false, "logical", 180_006);
    }

    private static ServerFacts facts(boolean inRecovery, String walLevel, int versionNumber) {
        return new ServerFacts(OURS, "app", new Lsn(500), inRecovery, walLevel, versionNumber);
    }
}
