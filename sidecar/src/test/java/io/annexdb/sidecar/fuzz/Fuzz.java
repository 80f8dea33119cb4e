package io.annexdb.sidecar.fuzz;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import org.jspecify.annotations.Nullable;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * One fuzzer. It first shows the valid inputs, each of which has to be taken, then so many mutated
 * ones: {@code -Dannex.fuzz.rounds}, by default 100,000, from {@code -Dannex.seed} and round {@code
 * -Dannex.fuzz.first} on, each with randomness of its own, so that a failed round can be repeated
 * alone. A round has to end within five seconds, may allocate by what its input holds and not by
 * what it claims, and may fail with the declared errors only.
 */
public final class Fuzz {
    /** Of so many rounds it is known how many should be refused. */
    private static final long ROUNDS_TELLING = 100;

    private static final long ROUND_NANOS_MAX = TimeUnit.SECONDS.toNanos(5);
    private static final Pattern TOLD = Pattern.compile("^fuzzed .*, ([\\d,]+) malformed(,|$)");
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** What is fuzzed. */
    @FunctionalInterface
    public interface Subject {
        /** Decodes the input, or throws. */
        void take(byte[] input) throws Exception;
    }

    private final String name;
    private final Subject subject;
    private final Set<ErrorCode> declared;
    private long bytesFixed = 64 << 10;
    private long bytesPerByte = 400;
    private volatile long roundBegan;
    private volatile long round;
    private volatile byte[] input = {};
    private long malformed;
    private long refused;
    private boolean mostlyTaken;

    private Fuzz(String name, Subject subject, Set<ErrorCode> declared) {
        this.name = name;
        this.subject = subject;
        this.declared = declared;
    }

    /**
     * A fuzzer.
     *
     * @param name for messages
     * @param subject what is fuzzed
     * @param declared the errors that it may throw, as {@link AnnexException}
     */
    public static Fuzz of(String name, Subject subject, ErrorCode... declared) {
        return new Fuzz(name, subject, Set.of(declared));
    }

    /** Allows another amount of memory than 64 KiB and 400 bytes for each byte of an input. */
    public Fuzz allowing(long fixedBytes, long bytesForEach) {
        bytesFixed = fixedBytes;
        bytesPerByte = bytesForEach;
        return this;
    }

    /** For inputs of which nearly every one is valid, such as texts. */
    public Fuzz takingNearlyAll() {
        mostlyTaken = true;
        return this;
    }

    /** The number of rounds, for fuzzers of which a round costs more than a microsecond. */
    public static long rounds(int dearness) {
        long asked = Long.getLong("annex.fuzz.rounds", 100_000);
        return Math.min(asked, Math.max(ROUNDS_TELLING, asked / dearness));
    }

    public static long seed() {
        return Long.getLong("annex.seed", 20_261_121L);
    }

    /** Whether an input is none of the valid ones: some mutations come to nothing. */
    public static boolean isMalformed(byte[] input, List<byte[]> valid) {
        return valid.stream().noneMatch(each -> Arrays.equals(each, input));
    }

    /** Says what was done, so that {@link #malformed(Stream)} finds it. */
    public static void tell(String name, long rounds, double seconds, long malformed, String rest) {
        System.out.printf(
                Locale.ROOT,
                "fuzzed %s: seed %d, %,d rounds in %.1f s, %,d malformed%s%n",
                name,
                seed(),
                rounds,
                seconds,
                malformed,
                rest);
    }

    /** How many malformed inputs fuzzers have taken or refused, by the lines that they printed. */
    public static long malformed(Stream<String> lines) {
        return lines.flatMap(line -> TOLD.matcher(line).results())
                .mapToLong(told -> Long.parseLong(told.group(1).replace(",", "")))
                .sum();
    }

    /** Runs all rounds. */
    public void run(List<byte[]> valid) {
        run(valid, 1);
    }

    /**
     * Runs a part of the rounds.
     *
     * @param valid inputs that have to be taken as they are, and that are mutated
     * @param dearness a round takes so many times as long as others: so many fewer are run
     */
    public void run(List<byte[]> valid, int dearness) {
        for (byte[] each : valid) {
            try {
                subject.take(each.clone());
            } catch (Exception e) {
                throw new AssertionError(
                        name + ": a valid input is refused: " + HexFormat.of().formatHex(each), e);
            }
        }
        runAll(valid, dearness);
    }

    /** As {@link #run(List, int)}, for inputs that need not be taken as they are. */
    public void runAll(List<byte[]> inputs, int dearness) {
        long first = Long.getLong("annex.fuzz.first", 0);
        long rounds = rounds(dearness);
        long began = System.nanoTime();
        supervise(() -> {
            for (long i = first; i < first + rounds; i++) {
                one(inputs, i);
            }
        });
        double seconds = (System.nanoTime() - began) / 1e9;
        tell(name, rounds, seconds, malformed, ", %,d refused".formatted(refused));
        if (rounds >= ROUNDS_TELLING) {
            assertTrue(
                    mostlyTaken || refused > rounds / 20,
                    () -> name + ": the mutations are too mild");
            assertTrue(refused < rounds, () -> name + ": everything is refused");
        }
    }

    private void one(List<byte[]> valid, long number) {
        SplittableRandom random = new SplittableRandom(seed() * 0x9E3779B97F4A7C15L + number);
        byte[] mutated = Mutate.oneOf(valid, random);
        malformed += isMalformed(mutated, valid) ? 1 : 0;
        input = mutated.clone();
        round = number;
        roundBegan = System.nanoTime();
        long allowed = bytesFixed + bytesPerByte * mutated.length;
        long refusedBefore = refused;
        long allocated = takeOrRefuse(mutated);
        // Classes that are loaded for the first one allocate, too.
        for (int again = 0; again < 3 && allocated > allowed; again++) {
            refused = refusedBefore;
            allocated = takeOrRefuse(mutated);
        }
        if (allocated > allowed) {
            throw failure(allocated + " bytes allocated for an input of " + mutated.length, null);
        }
        if (!Arrays.equals(input, mutated)) {
            throw failure("the input was changed", null);
        }
    }

    /** The bytes that it allocated. */
    private long takeOrRefuse(byte[] mutated) {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        try {
            subject.take(mutated);
        } catch (AnnexException e) {
            refused++;
            if (!declared.contains(e.code())) {
                throw failure("undeclared " + e.code(), e);
            }
        } catch (Exception | StackOverflowError | OutOfMemoryError e) {
            throw failure("undeclared " + e.getClass().getSimpleName(), e);
        }
        return THREADS.getCurrentThreadAllocatedBytes() - before;
    }

    /** In a thread of its own, so that one that hangs can be shown. */
    private void supervise(Runnable rounds) {
        Throwable[] thrown = new Throwable[1];
        roundBegan = System.nanoTime();
        Thread thread =
                Thread.ofPlatform()
                        .daemon()
                        .name("fuzz-" + name)
                        .start(() -> {
                            try {
                                rounds.run();
                            } catch (Throwable e) {
                                thrown[0] = e;
                            }
                        });
        try {
            while (!thread.join(Duration.ofMillis(100))) {
                if (System.nanoTime() - roundBegan > ROUND_NANOS_MAX) {
                    AssertionError hang = failure("it does not end", null);
                    hang.setStackTrace(thread.getStackTrace());
                    throw hang;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (thrown[0] != null) {
            throw new AssertionError(thrown[0].getMessage(), thrown[0]);
        }
    }

    private AssertionError failure(String what, @Nullable Throwable cause) {
        return new AssertionError(
                "%s: %s; again with -Dannex.seed=%d -Dannex.fuzz.first=%d -Dannex.fuzz.rounds=1: %s"
                        .formatted(name, what, seed(), round, HexFormat.of().formatHex(input)),
                cause);
    }
}
