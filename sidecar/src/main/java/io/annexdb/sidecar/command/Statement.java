package io.annexdb.sidecar.command;

import java.nio.ByteBuffer;

/** Every statement that the sidecar understands. */
public sealed interface Statement {
    /** An argument of {@code annex.request}: written in the statement, or one of its parameters. */
    sealed interface Argument {
        /**
         * A string of the statement.
         *
         * @param utf8 a view of the statement's bytes, or a copy without its escapes
         */
        record Literal(ByteBuffer utf8) implements Argument {}

        /**
         * A parameter.
         *
         * @param number from 1
         */
        record Parameter(int number) implements Argument {}
    }

    /** What a statement does to its session, besides its answer. */
    enum Effect {
        NONE,
        BEGIN,
        END,
        /** Ends a transaction and forgets prepared statements. */
        DISCARD
    }

    /** Nothing between two semicolons. */
    record Empty() implements Statement {}

    /** {@code SELECT annex.request(payload, signature)}. */
    record Request(Argument payload, Argument signature) implements Statement {}

    /**
     * {@code SELECT} of one value that clients ask to see whether someone is there.
     *
     * @param column the answer's column
     * @param value an Integer or a String
     */
    record Constant(String column, Object value) implements Statement {}

    /** {@code SELECT current_user} and {@code SELECT current_database()}. */
    record SessionValue(String column, String setting) implements Statement {}

    /** {@code SHOW name}. */
    record Show(String name) implements Statement {}

    /** {@code SET name = value}. */
    record Set(String name, String value) implements Statement {}

    /**
     * Accepted because clients and pools send it, and without consequence beyond the effect.
     *
     * @param tag what CommandComplete says
     * @param effect on the session
     */
    record Tolerated(String tag, Effect effect) implements Statement {}

    /** {@code SELECT * FROM annex.index_status}. */
    record IndexStatusTable() implements Statement {}

    /** {@code SELECT * FROM annex.sidecar_status}. */
    record SidecarStatusTable() implements Statement {}
}
