package io.annexdb.benchmarks.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annexdb.benchmarks.ann.engine.EngineKind;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.Quantization;

import org.junit.jupiter.api.Test;

import java.util.List;

class ReadEntrantsTest {
    @Test
    void aBareNameStandsForEveryPair() {
        assertEquals(
                List.of("annex:none", "annex:sq8", "lucene"),
                names(
                        ReadEntrants.run(
                                List.of("annex", "lucene", "annex"),
                                List.of(Method.HNSW),
                                List.of(Quantization.NONE, Quantization.SQ8))));
        assertEquals(
                List.of("annex:hnsw:none", "annex:hnsw:sq8", "annex:flat:none", "annex:flat:sq8"),
                names(
                        ReadEntrants.run(
                                List.of("annex"),
                                List.of(Method.HNSW, Method.FLAT),
                                List.of(Quantization.NONE, Quantization.SQ8))));
    }

    @Test
    void aLongerNameSaysWhatIsMeant() {
        assertEquals(
                List.of(
                        new Entrant(EngineKind.ANNEX, Method.FLAT, Quantization.AUTO, "annex:flat"),
                        new Entrant(
                                EngineKind.ANNEX, Method.HNSW, Quantization.SQ8, "annex:hnsw:sq8")),
                ReadEntrants.run(
                        List.of("annex:flat", " Annex:HNSW:sq8"),
                        List.of(Method.HNSW),
                        List.of(Quantization.AUTO)));
    }

    private static List<String> names(List<Entrant> entrants) {
        return entrants.stream().map(Entrant::name).toList();
    }
}
