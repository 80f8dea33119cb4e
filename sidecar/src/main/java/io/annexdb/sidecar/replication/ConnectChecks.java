package io.annexdb.sidecar.replication;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.ServerIdentity;
import io.annexdb.sidecar.model.TimelineHistory;
import io.annexdb.sidecar.telemetry.ConnectCheck;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;

/**
 * What must hold before each start of the stream. The server itself does not complain: asked for a
 * position beyond its log it silently drops commits, asked for one before the slot's it silently
 * skips ahead. So we compare first. Pure but for {@link #isPublished} and {@link #guardDecoder}.
 *
 * <p>Why nothing is missed: only positions are acknowledged that the index files hold, so a slot
 * that begins behind them was made or moved by somebody else. What relations and their publication
 * must be is asked by the audit, before it starts the stream and each time after.
 */
final class ConnectChecks {
    private ConnectChecks() {}

    /**
     * Refuses a server that cannot be a source now; trying again later may help.
     *
     * @throws AnnexException NOT_SERVABLE for a standby, CONFIGURATION for a wrong wal_level or a
     *     version that loses changes
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
     * Refuses minor versions that lose changes of tables added to a publication while transactions
     * run: the cached list of published tables survives there (PostgreSQL 17.6 release notes,
     * "distribute catalog cache invalidation").
     *
     * @throws AnnexException CONFIGURATION
     */
    static void requireVersion(ServerFacts server) {
        int major = server.versionNumber() / 10_000;
        int minor = server.versionNumber() % 10_000;
        int least =
                switch (major) {
                    case 15 -> 14;
                    case 16 -> 10;
                    case 17 -> 6;
                    default -> 0;
                };
        if (minor < least) {
            throw new AnnexException(
                    ErrorCode.CONFIGURATION,
                    "PostgreSQL "
                            + major
                            + "."
                            + minor
                            + " can lose changes of tables added to a publication",
                    "Install PostgreSQL " + major + "." + least + " or a later minor version.");
        }
    }

    /**
     * Says why the stream may lack changes that our indexes have not seen, or our indexes hold some
     * that the server lost; empty when the stream can go on.
     *
     * @param applied end of what our indexes hold, or will when what has been received is applied
     * @param durable end of the last transaction that our files hold, of every shard
     */
    static Optional<FailedCheck> gap(
            ServerFacts server,
            Optional<Slot> slot,
            boolean published,
            ServerIdentity ours,
            Lsn applied,
            Lsn durable) {
        Lsn position = applied.max(durable);
        return identityGap(server, ours)
                .or(() ->
                        historyGap(server, ours, position)
                                .map(found ->
                                        found.rewindingTo(rewindTo(server, slot, published, ours))))
                .or(() -> logGap(server, position))
                .or(() -> slotGap(server, slot))
                .or(() -> slot.flatMap(found -> slotPositionGap(found, durable)))
                .or(() -> publicationGap(published));
    }

    private static Optional<FailedCheck> identityGap(ServerFacts server, ServerIdentity ours) {
        return server.identity().isSameNode(ours)
                ? Optional.empty()
                : failed(
                        ConnectCheck.IDENTITY,
                        "another database: " + server.identity() + "; the indexes are of " + ours);
    }

    /** Whether the indexes have something that is not in the server's log, and from where on. */
    private static Optional<FailedCheck> historyGap(
            ServerFacts server, ServerIdentity ours, Lsn position) {
        TimelineHistory theirs = server.identity().history();
        Lsn common = ours.history().commonUntil(theirs);
        if (common.isAtLeast(position)) {
            return Optional.empty();
        }
        boolean isBranch = !ours.history().isPartOf(theirs);
        return failed(
                isBranch ? ConnectCheck.HISTORY : ConnectCheck.SWITCH_POINT,
                "the indexes are at "
                        + position
                        + " of timeline "
                        + ours.history().text()
                        + ", the server's "
                        + theirs.text()
                        + (isBranch ? " is another branch from " : " left it at ")
                        + common
                        + " on");
    }

    /** Where both logs part, if the slot and the publication were there and have all since then. */
    private static Optional<Lsn> rewindTo(
            ServerFacts server, Optional<Slot> slot, boolean published, ServerIdentity ours) {
        Lsn common = ours.history().commonUntil(server.identity().history());
        boolean isUsable =
                published
                        && !common.equals(Lsn.ZERO)
                        && server.flushed().isAtLeast(common)
                        && slot.isPresent()
                        && slotGap(server, slot).isEmpty()
                        && slotPositionGap(slot.get(), common).isEmpty();
        return isUsable ? Optional.of(common) : Optional.empty();
    }

    private static Optional<FailedCheck> logGap(ServerFacts server, Lsn position) {
        return server.flushed().isAtLeast(position)
                ? Optional.empty()
                : failed(
                        ConnectCheck.LOG_END,
                        "the indexes are at "
                                + position
                                + ", the server's log ends at "
                                + server.flushed());
    }

    private static Optional<FailedCheck> slotGap(ServerFacts server, Optional<Slot> slot) {
        if (slot.isEmpty()) {
            return failed(ConnectCheck.SLOT, "the replication slot is gone");
        }
        Slot found = slot.get();
        boolean isUsable =
                "pgoutput".equals(found.plugin())
                        && server.database().equals(found.database())
                        && !found.lost();
        return isUsable
                ? Optional.empty()
                : failed(
                        ConnectCheck.SLOT,
                        "the replication slot is unusable for " + server.database() + ": " + found);
    }

    private static Optional<FailedCheck> slotPositionGap(Slot slot, Lsn durable) {
        return durable.isAtLeast(slot.confirmedFlush())
                ? Optional.empty()
                : failed(
                        ConnectCheck.SLOT_POSITION,
                        "the slot starts at "
                                + slot.confirmedFlush()
                                + ", the index files end at "
                                + durable);
    }

    private static Optional<FailedCheck> publicationGap(boolean published) {
        return published
                ? Optional.empty()
                : failed(
                        ConnectCheck.PUBLICATION,
                        "publication " + SourceSettings.PUBLICATION + " is missing");
    }

    private static Optional<FailedCheck> failed(ConnectCheck check, String reason) {
        return Optional.of(FailedCheck.of(check, reason));
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
