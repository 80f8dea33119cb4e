package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.ServerIdentity;
import io.annexdb.sidecar.telemetry.ConnectCheck;

/** Where our indexes stand; asked before each start of the stream. */
public interface StreamPosition {
    /** Whose log the positions belong to. */
    ServerIdentity identity();

    /** End of the last transaction of which anything is in the indexes. */
    Lsn applied();

    /** End of the last transaction that the index files hold. */
    Lsn durable();

    /** A connect check has failed: told before anything else comes of it. */
    default void refused(ConnectCheck check, String reason) {}

    /** All checks have passed: the stream goes on where the slot was confirmed. */
    default void resumed(Lsn confirmed) {}

    /** A transaction has begun to come. Told by the thread that reads it. */
    default void transactionComes() {}

    /** The server was promoted and is still our own history: this is its identity now. */
    void promoted(ServerIdentity identity);
}
