package io.annexdb.jdbc;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.util.Optional;

/**
 * How far an index is: a row of {@code annex.index_progress}.
 *
 * @param index the index's name
 * @param state {@code waiting} until a sidecar has taken notice, {@code loading}, {@code ready},
 *     {@code failed}, or {@code unreachable} when a sidecar does not answer
 * @param rowsDone rows of the first copy that are in the index
 * @param rowsExpected rows that the first copy will bring, by the planner's estimate; 0 as long as
 *     it is unknown
 * @param percent 0 to 99 while rows are missing, 100 when it is ready
 * @param phase what is done for it now, for people, for example {@code copying}; the state when
 *     nothing is
 * @param rowsPerSecond rows of its tables read per second in this phase; 0 when that is not known
 * @param timeLeft how long the copy will still take at that rate; empty when that is not known
 * @param waitsFor whose transactions it waits for, or why it failed; null when there is nothing to
 *     say
 */
public record IndexProgress(
        String index,
        String state,
        long rowsDone,
        long rowsExpected,
        int percent,
        String phase,
        long rowsPerSecond,
        Optional<Duration> timeLeft,
        @Nullable String waitsFor) {}
