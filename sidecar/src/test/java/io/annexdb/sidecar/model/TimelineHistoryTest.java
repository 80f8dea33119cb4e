package io.annexdb.sidecar.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.List;

/** How far two servers' logs are the same one. */
class TimelineHistoryTest {
    @Test
    void readsWhatPostgresqlSendsAndWhatItWrote() {
        String content =
                """
                1\t0/3000110\tno recovery target specified

                2\t1/A0\tbefore 2026-11-21 10:00:00+00
                """;
        TimelineHistory history = TimelineHistory.parse(3, content);
        assertEquals("1@0/3000110,2@1/A0,3", history.text());
        assertEquals(history, TimelineHistory.parseText(history.text()));
        assertEquals(TimelineHistory.first(), TimelineHistory.parse(1, ""));
        assertEquals("1", TimelineHistory.first().text());
    }

    @Test
    void refusesAnotherForm() {
        for (String content : List.of("1", "x\t0/1\tno", "1\tzero\tno", "2\t0/1\ta\n1\t0/2\tb")) {
            assertThrows(AnnexException.class, () -> TimelineHistory.parse(3, content), content);
        }
        assertThrows(AnnexException.class, () -> TimelineHistory.parse(1, "1\t0/1\tno"));
        for (String text : List.of("", "x", "0", "1@0/1", "2@0/1,1", "1,2", "1@,2")) {
            assertThrows(
                    IllegalArgumentException.class, () -> TimelineHistory.parseText(text), text);
        }
    }

    @Test
    void twoLogsAreTheSameUpToWhereTheyParted() {
        common("FFFFFFFF/FFFFFFFF", "1", "1");
        common("FFFFFFFF/FFFFFFFF", "1@0/50,2", "1@0/50,2");
        common("0/50", "1", "1@0/50,2");
        common("0/60", "1@0/50,2", "1@0/50,2@0/60,3");
        common("0/50", "1@0/50,2", "1@0/60,2");
        common("0/50", "1@0/50,2", "1@0/50,3");
        common("0/50", "1@0/50,2@0/70,3", "1@0/50,3");
        common("0/0", "2", "1");
    }

    @Test
    void aHistoryIsPartOfThoseThatCameFromIt() {
        assertTrue(history("1").isPartOf(history("1@0/50,2")));
        assertTrue(history("1@0/50,2").isPartOf(history("1@0/50,2")));
        assertFalse(history("1@0/50,2").isPartOf(history("1")));
        assertFalse(history("1@0/50,2").isPartOf(history("1@0/60,2")));
        assertFalse(history("1@0/50,2").isPartOf(history("1@0/50,3")));
    }

    private static void common(String expected, String one, String other) {
        assertEquals(Lsn.parse(expected), history(one).commonUntil(history(other)));
        assertEquals(Lsn.parse(expected), history(other).commonUntil(history(one)));
    }

    private static TimelineHistory history(String text) {
        return TimelineHistory.parseText(text);
    }
}
