package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;

/**
 * What must hold before each start of the stream. The server itself does not complain: asked for a
 * position beyond its log it silently drops commits, asked for one before the slot's it silently
 * skips ahead. So we compare first. Pure but for {@link #guardDecoder}.
 */
final class ConnectChecks {
    private ConnectChecks() {}

    /**
     * Refuses a server that cannot be a source now; trying again later may help.
     *
     * @throws AnnexException NOT_SERVABLE for a standby, CONFIGURATION for a wrong wal_level
     */
    static void requireSource(ServerFacts server) {
        if (server.inRecovery()) {
            throw new AnnexException(
                    ErrorCode.NOT_SERVABLE,
                    "the server is a standby",
                    "Changes are followed on the primary; give all hosts in the JDBC URL with"
                            + " targetServerType=primary.");
        }
        if (!server.walLevel().equals("logical")) {
            throw new AnnexException(
                    ErrorCode.CONFIGURATION,
                    "wal_level is " + server.walLevel() + ", logical is needed",
                    "ALTER SYSTEM SET wal_level = 'logical', then restart PostgreSQL.");
        }
    }

    /**
     * Says why the stream may lack changes that our indexes have not seen, or our indexes hold some
     * that the server lost; empty when the stream can go on.
     *
     * @param applied end of the last transaction in our indexes
     * @param durable end of the last transaction that our files hold
     */
    static Optional<String> gap(
            ServerFacts server,
            Optional<Slot> slot,
            boolean published,
            ServerIdentity ours,
            Lsn applied,
            Lsn durable) {
        ServerIdentity theirs = server.identity();
        if (!theirs.systemIdentifier().equals(ours.systemIdentifier())
                || theirs.databaseOid() != ours.databaseOid()) {
            return Optional.of("another database: " + theirs + ", the indexes are of " + ours);
        }
        return timelineGap(server, ours.timeline(), applied.max(durable))
                .or(() -> slotGap(slot, durable))
                .or(() ->
                        published
                                ? Optional.empty()
                                : Optional.of(
                                        "publication "
                                                + SourceSettings.PUBLICATION
                                                + " is missing"));
    }

    /**
     * Where the indexes can go back to when all that {@link #gap} has found is that the server was
     * promoted without their newest changes: the switch point, if the slot has all since then.
     *
     * @param position end of the last transaction in our indexes or files
     */
    static Optional<Lsn> rewindTo(
            ServerFacts server,
            Optional<Slot> slot,
            boolean published,
            ServerIdentity ours,
            Lsn position) {
        ServerIdentity theirs = server.identity();
        if (!published
                || !theirs.systemIdentifier().equals(ours.systemIdentifier())
                || theirs.databaseOid() != ours.databaseOid()
                || theirs.timeline() == ours.timeline()) {
            return Optional.empty();
        }
        return server.history()
                .leftAt(ours.timeline())
                .filter(leftAt -> position.compareTo(leftAt) > 0)
                .filter(leftAt -> slotGap(slot, leftAt).isEmpty());
    }

    private static Optional<String> timelineGap(ServerFacts server, int ours, Lsn position) {
        int theirs = server.identity().timeline();
        if (theirs == ours) {
            return server.flushed().isAtLeast(position)
                    ? Optional.empty()
                    : Optional.of(
                            "the indexes are at "
                                    + position
                                    + ", the server's log ends at "
                                    + server.flushed());
        }
        Optional<Lsn> leftAt = server.history().leftAt(ours);
        if (leftAt.isEmpty()) {
            return Optional.of("timeline " + ours + " of the indexes is no ancestor of " + theirs);
        }
        return leftAt.get().isAtLeast(position)
                ? Optional.empty()
                : Optional.of(
                        "the indexes are at "
                                + position
                                + ", timeline "
                                + theirs
                                + " left "
                                + ours
                                + " at "
                                + leftAt.get());
    }

    private static Optional<String> slotGap(Optional<Slot> slot, Lsn durable) {
        if (slot.isEmpty()) {
            return Optional.of("the replication slot is gone");
        }
        Slot found = slot.get();
        if (!"pgoutput".equals(found.plugin()) || found.lost()) {
            return Optional.of("the replication slot is unusable: " + found);
        }
        return durable.isAtLeast(found.confirmedFlush())
                ? Optional.empty()
                : Optional.of(
                        "the slot starts at "
                                + found.confirmedFlush()
                                + ", the index files end at "
                                + durable);
    }

    static boolean isPublished(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery(
                                "SELECT FROM pg_catalog.pg_publication WHERE pubname = '"
                                        + SourceSettings.PUBLICATION
                                        + "'")) {
            return row.next();
        }
    }

    /**
     * Makes sure that this walsender's pgoutput is PostgreSQL's. With change data capture on, Citus
     * puts its own decoders first on the library path, under the same name; they hide shards.
     *
     * @throws AnnexException CONFIGURATION
     */
    static void guardDecoder(Connection walsender) throws SQLException {
        if (!hasCitus(walsender) || !libraryPath(walsender).contains("citus_decoders")) {
            return;
        }
        try (Statement statement = walsender.createStatement()) {
            statement.execute("SET dynamic_library_path = '$libdir'");
        } catch (SQLException e) {
            throw foreignDecoder(e);
        }
        if (libraryPath(walsender).contains("citus_decoders")) {
            throw foreignDecoder(null);
        }
    }

    private static boolean hasCitus(Connection walsender) throws SQLException {
        try (Statement statement = walsender.createStatement();
                ResultSet row =
                        statement.executeQuery(
                                "SELECT FROM pg_catalog.pg_extension WHERE extname = 'citus'")) {
            return row.next();
        }
    }

    private static String libraryPath(Connection walsender) throws SQLException {
        try (Statement statement = walsender.createStatement();
                ResultSet row = statement.executeQuery("SHOW dynamic_library_path")) {
            row.next();
            return row.getString(1);
        } catch (SQLException e) {
            if (!"42501".equals(e.getSQLState())) {
                throw e;
            }
            throw new AnnexException(
                    ErrorCode.CONFIGURATION,
                    "cannot see whether Citus replaces the slot's decoder: " + e.getMessage(),
                    "GRANT pg_read_all_settings to the sidecar's role on every node.",
                    e);
        }
    }

    private static AnnexException foreignDecoder(
            @org.jspecify.annotations.Nullable SQLException cause) {
        return new AnnexException(
                ErrorCode.CONFIGURATION,
                "Citus change data capture replaces the decoder of every slot",
                "SET citus.enable_change_data_capture = off and restart, or GRANT SET ON PARAMETER"
                        + " dynamic_library_path to the sidecar's role.",
                cause);
    }
}
