package io.annexdb.sidecar.telemetry;

/** What a copy of a table was for. */
public enum CopyKind {
    /** The index had nothing: a first copy, or nothing of its files was of use. */
    FILLED,
    /** The rows that the index had were compared with the table's. */
    COMPARED
}
