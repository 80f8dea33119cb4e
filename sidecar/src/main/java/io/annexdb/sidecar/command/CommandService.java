package io.annexdb.sidecar.command;

import io.annexdb.sidecar.model.CompareIndex;
import io.annexdb.sidecar.query.SearchService;
import io.annexdb.sidecar.query.StatusService;
import io.annexdb.sidecar.telemetry.Telemetry;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** What all sessions share. Called by the wire from any thread. */
public final class CommandService {
    /** Clients take their cues from a PostgreSQL version; this is the oldest that Annex serves. */
    private static final String POSTGRESQL_VERSION = "15.0";

    private final SearchService search;
    private final StatusService status;
    private final CompareIndex comparisons;
    private final Telemetry telemetry;
    private final String secret;
    private final String version;
    private final Nonces nonces = new Nonces();

    /**
     * Serves commands.
     *
     * @param search runs searches
     * @param status tells the state
     * @param comparisons compares indexes with their tables
     * @param telemetry counts requests
     * @param secret that requests are signed with
     * @param version of the program
     */
    public CommandService(
            SearchService search,
            StatusService status,
            CompareIndex comparisons,
            Telemetry telemetry,
            String secret,
            String version) {
        this.search = search;
        this.status = status;
        this.comparisons = comparisons;
        this.telemetry = telemetry;
        this.secret = secret;
        this.version = version;
    }

    /**
     * Runs a search as a client's statement would run, from its text to its rows.
     *
     * @param arguments of the request, as JSON properties
     */
    public void rehearse(String arguments) {
        String payload =
                "{\"op\":\"search\",\"nonce\":\""
                        + UUID.randomUUID().toString().replace("-", "")
                        + "\",\"user\":\"annex\",\"expires\":"
                        + (System.currentTimeMillis() + 10_000)
                        + ","
                        + arguments
                        + "}";
        String sql =
                "select annex.request('%s', '%s')"
                        .formatted(payload.replace("'", "''"), new Signer(secret).sign(payload));
        CommandSession session = open(Map.of());
        session.parseEach(
                ByteBuffer.wrap(sql.getBytes(StandardCharsets.UTF_8)),
                statement -> session.execute(statement, List.of(), () -> false));
    }

    /**
     * Opens a session for one thread.
     *
     * @param startup the client's start-up parameters: user, database, settings
     */
    public CommandSession open(Map<String, String> startup) {
        AnswerRequest request =
                new AnswerRequest(
                        search, status, comparisons, nonces, telemetry, new Signer(secret));
        Settings settings = new Settings(POSTGRESQL_VERSION + " (Annex " + version + ")", startup);
        return new CommandSession(
                request,
                status,
                settings,
                "PostgreSQL " + POSTGRESQL_VERSION + " wire protocol, Annex sidecar " + version);
    }
}
