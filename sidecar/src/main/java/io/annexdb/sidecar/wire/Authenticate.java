package io.annexdb.sidecar.wire;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.protocol.BackendWriter;
import io.annexdb.sidecar.protocol.DecodeMessage;

import java.io.EOFException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The SASL exchange of one login:
 *
 * <pre>
 *   server  mechanisms
 *   client  mechanism, client-first-message
 *   server  server-first-message
 *   client  client-final-message          → here whoever has failed before waits
 *   server  server-final-message
 * </pre>
 */
final class Authenticate {
    private final WireServer server;
    private final Transport transport;
    private final ClientAddress address;
    private final BackendWriter out;
    private final Session.Output output;

    Authenticate(
            WireServer server,
            Transport transport,
            ClientAddress address,
            BackendWriter out,
            Session.Output output) {
        this.server = server;
        this.transport = transport;
        this.address = address;
        this.out = out;
        this.output = output;
    }

    /**
     * Has the client prove that it knows the secret. The last message is written, not sent.
     *
     * @param user of the start-up message
     * @throws AnnexException INVALID_PASSWORD if it does not
     */
    void run(String user) throws IOException {
        Optional<byte[]> binding = transport.channelBinding();
        List<String> mechanisms = new ArrayList<>();
        if (binding.isPresent()) {
            mechanisms.add(Credentials.BOUND_MECHANISM.getName());
        }
        mechanisms.add(Credentials.MECHANISM.getName());
        out.authenticationSasl(mechanisms);
        output.flush();
        next();
        var initial =
                DecodeMessage.saslInitial(
                        transport.in().type(),
                        transport.in().body(DecodeMessage.LENGTH_MAX_UNAUTHENTICATED));
        if (!mechanisms.contains(initial.mechanism())) {
            throw new AnnexException(
                    ErrorCode.PROTOCOL_VIOLATION,
                    "client selected an invalid SASL authentication mechanism",
                    "This server offers " + String.join(", ", mechanisms) + ".");
        }
        boolean isBound = initial.mechanism().equals(Credentials.BOUND_MECHANISM.getName());
        ScramExchange scram = server.scram(user, isBound, binding);
        out.authenticationSaslContinue(scram.first(initial.data()));
        output.flush();
        next();
        var response =
                DecodeMessage.saslResponse(
                        transport.in().type(),
                        transport.in().body(DecodeMessage.LENGTH_MAX_UNAUTHENTICATED));
        server.awaitTurn(address);
        out.authenticationSaslFinal(scram.last(response.data()));
    }

    private void next() throws IOException {
        if (!transport.in().next()) {
            throw new EOFException("the client left during authentication");
        }
    }
}
