package io.annexdb.sidecar.kernel;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.Optional;

/**
 * The choice between a SIMD kernel and the scalar one of the same kind. What it computes is tested
 * at once, how fast it is before it is first used: until the compiler has translated it, that takes
 * a tenth of a second, and few kinds are ever used.
 */
final class KernelChoice {
    private static final Logger LOG = LoggerFactory.getLogger(KernelChoice.class);

    private final KernelKind kind;
    private final Kernel scalar;
    private final @Nullable Kernel simd;
    private final long warmUpNanos;
    private volatile boolean tooSlow;
    private volatile @Nullable Kernel chosen;

    private KernelChoice(KernelKind kind, @Nullable Kernel simd, long warmUpNanos) {
        this.warmUpNanos = warmUpNanos;
        this.kind = kind;
        this.scalar = new ScalarKernel(kind.metric(), kind.elements());
        this.simd = simd;
    }

    /**
     * SIMD if it computes the right thing, which the log is told of otherwise.
     *
     * @param warmUpNanos how long it may take until the compiler has translated it
     */
    static KernelChoice simd(KernelKind kind, Kernel simd, long warmUpNanos) {
        Optional<String> wrong = SelfTest.wrong(kind, simd);
        wrong.ifPresent(what -> refuse(kind, what));
        return new KernelChoice(kind, wrong.isEmpty() ? simd : null, warmUpNanos);
    }

    KernelKind kind() {
        return kind;
    }

    /** The kernel; the first call takes its time. */
    Kernel kernel() {
        Kernel known = chosen;
        return known == null ? choose() : known;
    }

    /** Whether SIMD is used, as far as is known by now. */
    boolean isSimd() {
        return simd != null && !tooSlow;
    }

    private synchronized Kernel choose() {
        Kernel known = chosen;
        if (known != null) {
            return known;
        }
        Kernel choice = scalar;
        if (simd != null) {
            Optional<String> slow = SelfTest.slow(kind, simd, warmUpNanos);
            slow.ifPresent(what -> refuse(kind, what));
            tooSlow = slow.isPresent();
            choice = tooSlow ? scalar : simd;
        }
        Kernel checked = CheckedKernel.ifWanted(kind, choice);
        chosen = checked;
        return checked;
    }

    private static void refuse(KernelKind kind, String what) {
        LOG.error(
                "distance kernel {} with SIMD is REFUSED, the scalar one is used, which is some ten"
                        + " times slower than it should be: {}",
                kind,
                what);
    }
}
