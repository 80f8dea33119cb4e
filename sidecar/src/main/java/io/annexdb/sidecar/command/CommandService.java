package io.annexdb.sidecar.command;

import io.annexdb.sidecar.query.SearchService;
import io.annexdb.sidecar.query.StatusService;
import io.annexdb.sidecar.telemetry.Telemetry;

import java.util.Map;

/** What all sessions share. Called by the wire from any thread. */
public final class CommandService {
    /** Clients take their cues from a PostgreSQL version; this is the oldest that Annex serves. */
    private static final String POSTGRESQL_VERSION = "15.0";

    private final SearchService search;
    private final StatusService status;
    private final Telemetry telemetry;
    private final String secret;
    private final String version;
    private final Nonces nonces = new Nonces();

    /**
     * Serves commands.
     *
     * @param search runs searches
     * @param status tells the state
     * @param telemetry counts requests
     * @param secret that requests are signed with
     * @param version of the program
     */
    public CommandService(
            SearchService search,
            StatusService status,
            Telemetry telemetry,
            String secret,
            String version) {
        this.search = search;
        this.status = status;
        this.telemetry = telemetry;
        this.secret = secret;
        this.version = version;
    }

    /**
     * Opens a session for one thread.
     *
     * @param startup the client's start-up parameters: user, database, settings
     */
    public CommandSession open(Map<String, String> startup) {
        AnswerRequest request =
                new AnswerRequest(search, status, nonces, telemetry, new Signer(secret));
        Settings settings = new Settings(POSTGRESQL_VERSION + " (Annex " + version + ")", startup);
        return new CommandSession(
                request,
                status,
                settings,
                "PostgreSQL " + POSTGRESQL_VERSION + " wire protocol, Annex sidecar " + version);
    }
}
