package io.annexdb.sidecar.model;

/** Every error the sidecar answers with, and its SQLSTATE: the one place where they are paired. */
public enum ErrorCode {
    /** An argument is outside its range or of a wrong form. */
    INVALID_PARAMETER_VALUE("22023"),
    /** The query vector has another dimension than the index. */
    DIMENSION_MISMATCH("22000"),
    /** NaN, infinity, or a zero vector under cosine. */
    INVALID_VECTOR("22P02"),
    /** No index of that id or name on this sidecar. */
    UNDEFINED_INDEX("42704"),
    /** The statement is not one the sidecar knows. */
    SYNTAX_ERROR("42601"),
    /** A prepared statement of that name exists already. */
    DUPLICATE_STATEMENT("42P05"),
    /** There is no prepared statement of that name. */
    UNDEFINED_STATEMENT("26000"),
    /** There is no portal of that name. */
    UNDEFINED_PORTAL("34000"),
    /** Recognised, and not offered. */
    FEATURE_NOT_SUPPORTED("0A000"),
    /** Bytes that are not the PostgreSQL protocol. */
    PROTOCOL_VIOLATION("08P01"),
    /** Wrong user or password. */
    INVALID_PASSWORD("28P01"),
    /** Signature, nonce or expiry of a request do not hold. */
    INVALID_AUTHORIZATION("28000"),
    /** The sidecar cannot evaluate the filter exactly; the SQL functions then do it themselves. */
    FILTER_NOT_EVALUABLE("0A000"),
    /** The index may not serve now: it is loading, behind, or its stream is down. */
    NOT_SERVABLE("55000"),
    /** The position asked for was not applied before the deadline. */
    CONSISTENCY_TIMEOUT("57014"),
    /** The client asked to stop. */
    QUERY_CANCELED("57014"),
    /** The sidecar is stopping. */
    ADMIN_SHUTDOWN("57P01"),
    /** Too many connections. */
    TOO_MANY_CONNECTIONS("53300"),
    /** Memory or disk is exhausted. */
    OUT_OF_RESOURCES("53000"),
    /** PostgreSQL is not set up as needed, for example wal_level. */
    CONFIGURATION("F0000"),
    /** Bytes of a stream or a file that contradict themselves. */
    DATA_CORRUPTED("XX001"),
    /** A defect of ours. */
    INTERNAL_ERROR("XX000");

    private final String sqlState;

    ErrorCode(String sqlState) {
        this.sqlState = sqlState;
    }

    public String sqlState() {
        return sqlState;
    }
}
