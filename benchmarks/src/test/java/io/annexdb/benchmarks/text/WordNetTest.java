package io.annexdb.benchmarks.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

class WordNetTest {
    @Test
    void everyMeaningIsReadOnceAfterItsBroaderOnes() {
        List<Gloss> glosses = WordNet.read();
        assertEquals(117_791, glosses.size());
        Set<Long> seen = new HashSet<>();
        int links = 0;
        for (Gloss gloss : glosses) {
            for (long broader : gloss.broader()) {
                links++;
                assertTrue(seen.contains(broader), () -> gloss + " before " + broader);
            }
            assertTrue(seen.add(gloss.id()), () -> "twice: " + gloss);
            assertTrue(!gloss.definition().isBlank(), gloss::toString);
        }
        assertTrue(links > 80_000, () -> "too few links");
        assertEquals(45, glosses.stream().map(Gloss::domain).distinct().count());
    }

    @Test
    void aKnownMeaningIsReadWhole() {
        Gloss dog =
                WordNet.read().stream()
                        .filter(gloss -> gloss.words().contains("domestic dog"))
                        .findFirst()
                        .orElseThrow();
        assertEquals("noun.animal", dog.domain());
        assertEquals("noun", dog.partOfSpeech());
        assertEquals(2, dog.broader().size());
        assertTrue(dog.definition().startsWith("a member of the genus Canis"), dog::definition);
        assertTrue(!dog.definition().contains("\""), dog::definition);
    }

    @Test
    void aCycleOfMeaningsEnds() {
        Gloss one = new Gloss(1, "noun", "d", List.of("one"), "one", List.of(2L));
        Gloss two = new Gloss(2, "noun", "d", List.of("two"), "two", List.of(1L));
        assertEquals(List.of(two, one), WordNet.broaderFirst(List.of(one, two)));
    }
}
