package io.annexdb.benchmarks.ann;

import io.annexdb.benchmarks.ann.engine.EngineKind;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.Quantization;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Reads what stands after {@code --engines}. A bare {@code annex} stands for every pair of the
 * methods and quantizations given; {@code annex:flat} and {@code annex:flat:none} name one
 * themselves, and the first of the lists fills in what they leave out.
 */
final class ReadEntrants {
    private ReadEntrants() {}

    /** The entrants, in the order of the report, none twice. */
    static List<Entrant> run(
            List<String> engines, List<Method> methods, List<Quantization> quantizations) {
        if (methods.isEmpty() || quantizations.isEmpty()) {
            throw invalid("there is no method or no quantization", "Name at least one of each.");
        }
        Map<String, Entrant> entrants = new LinkedHashMap<>();
        for (String text : engines) {
            for (Entrant entrant : entrants(text, methods, quantizations)) {
                entrants.putIfAbsent(entrant.name(), entrant);
            }
        }
        return List.copyOf(entrants.values());
    }

    private static List<Entrant> entrants(
            String text, List<Method> methods, List<Quantization> quantizations) {
        String[] parts = text.strip().toLowerCase(Locale.ROOT).split(":", -1);
        EngineKind kind = EngineKind.ofName(parts[0]);
        if (parts.length > (kind == EngineKind.ANNEX ? 3 : 1)) {
            throw invalid(
                    "\"" + text + "\" names too much",
                    "Only annex has variants: annex, annex:METHOD, annex:METHOD:QUANTIZATION.");
        }
        if (kind != EngineKind.ANNEX) {
            return List.of(
                    new Entrant(
                            kind, methods.getFirst(), quantizations.getFirst(), kind.engineName()));
        }
        if (parts.length > 1) {
            Quantization quantization =
                    parts.length > 2 ? Quantization.ofSqlName(parts[2]) : quantizations.getFirst();
            return List.of(
                    new Entrant(
                            kind,
                            Method.ofSqlName(parts[1]),
                            quantization,
                            String.join(":", parts)));
        }
        return product(kind, methods, quantizations);
    }

    private static List<Entrant> product(
            EngineKind kind, List<Method> methods, List<Quantization> quantizations) {
        List<Entrant> entrants = new ArrayList<>();
        for (Method method : methods) {
            for (Quantization quantization : quantizations) {
                String name =
                        kind.engineName()
                                + (methods.size() > 1 ? ":" + method.sqlName() : "")
                                + (quantizations.size() > 1 ? ":" + quantization.sqlName() : "");
                entrants.add(new Entrant(kind, method, quantization, name));
            }
        }
        return entrants;
    }

    private static AnnexException invalid(String message, String hint) {
        return new AnnexException(ErrorCode.INVALID_PARAMETER_VALUE, message, hint);
    }
}
