package io.annexdb.benchmarks.ann;

import io.annexdb.benchmarks.ann.engine.EngineKind;
import io.annexdb.sidecar.model.Method;
import io.annexdb.sidecar.model.Quantization;

import java.util.List;

/**
 * An engine as it takes part: annex may take part several times, with other methods and
 * quantizations.
 *
 * @param kind which engine
 * @param method annex's method; the peers build a graph whatever it is
 * @param quantization annex's quantization
 * @param name for people and file names, one of its kind in a run
 */
record Entrant(EngineKind kind, Method method, Quantization quantization, String name) {
    /** The points of its curve: an exact scan has one, because nothing is approximated. */
    List<Integer> efs(List<Integer> asked) {
        boolean coded = quantization != Quantization.AUTO && quantization != Quantization.NONE;
        boolean exact = kind == EngineKind.ANNEX && method == Method.FLAT && !coded;
        return exact ? asked.subList(0, 1) : asked;
    }
}
