package io.annexdb.sidecar.command;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.CompareIndex;
import io.annexdb.sidecar.model.ComparisonProgress;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.query.SearchRequest;
import io.annexdb.sidecar.query.SearchService;
import io.annexdb.sidecar.query.StatusService;
import io.annexdb.sidecar.telemetry.Telemetry;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.function.BooleanSupplier;

/**
 * Answers {@code annex.request(payload, signature)}: signature, expiry and nonce first, then the
 * operation. Whatever goes wrong is an answer with status error, signed like every other, so that
 * the connection stays usable and the SQL functions decide what an error means. One per session.
 */
final class AnswerRequest {
    private static final Logger LOG = LoggerFactory.getLogger(AnswerRequest.class);
    private static final String UNREAD = "unread";

    private final SearchService search;
    private final StatusService status;
    private final CompareIndex comparisons;
    private final Nonces nonces;
    private final Telemetry telemetry;
    private final Signer signer;
    private final RenderAnswer render;

    AnswerRequest(
            SearchService search,
            StatusService status,
            CompareIndex comparisons,
            Nonces nonces,
            Telemetry telemetry,
            Signer signer) {
        this.search = search;
        this.status = status;
        this.comparisons = comparisons;
        this.nonces = nonces;
        this.telemetry = telemetry;
        this.signer = signer;
        this.render = new RenderAnswer(signer);
    }

    Result answer(ByteBuffer payload, String signature, BooleanSupplier cancelled) {
        long began = System.nanoTime();
        String operation = UNREAD;
        String nonce = "";
        String outcome = "ok";
        try {
            if (!signer.holds(payload, signature)) {
                nonce = DecodePayload.unverifiedNonce(payload);
                throw unsigned();
            }
            Payload request = DecodePayload.decode(payload);
            operation = request.operation().jsonName();
            nonce = request.nonce();
            nonces.admit(nonce, request.expiresMillis(), System.currentTimeMillis());
            return run(request, cancelled);
        } catch (AnnexException e) {
            outcome = e.code().sqlState();
            LOG.debug("request {} refused: {}", operation, e.getMessage());
            return render.error(nonce, e);
        } catch (RuntimeException e) {
            outcome = ErrorCode.INTERNAL_ERROR.sqlState();
            LOG.error("request {} failed", operation, e);
            return render.error(nonce, internal(e));
        } finally {
            telemetry.request(operation, outcome, System.nanoTime() - began);
        }
    }

    private Result run(Payload request, BooleanSupplier cancelled) {
        return switch (request.operation()) {
            case SEARCH ->
                    render.found(request.nonce(), search.search(searchOf(request), cancelled));
            case RANK ->
                    render.found(
                            request.nonce(),
                            search.rank(searchOf(request), request.keys(), cancelled));
            case SEARCH_BATCH ->
                    render.foundAll(request.nonce(), search.search(searchOf(request), cancelled));
            case RANK_BATCH ->
                    render.foundAll(
                            request.nonce(),
                            search.rank(searchOf(request), request.keys(), cancelled));
            case STATUS ->
                    render.status(
                            request.nonce(),
                            RenderDetail.of(
                                    request.refresh() ? status.refreshed() : status.status()));
            case VERIFY -> render.status(request.nonce(), RenderComparison.of(ask(request)));
        };
    }

    private ComparisonProgress ask(Payload request) {
        ComparisonRequest wanted = Objects.requireNonNull(request.comparison());
        return comparisons.ask(wanted.job(), wanted.indexId(), wanted.repair(), wanted.patience());
    }

    private static SearchRequest searchOf(Payload request) {
        return Objects.requireNonNull(request.search());
    }

    private static AnnexException unsigned() {
        return new AnnexException(
                ErrorCode.INVALID_AUTHORIZATION,
                "the request's signature does not hold",
                "The secret of annex.setup and that of the sidecar's configuration must be the"
                        + " same.");
    }

    private static AnnexException internal(RuntimeException cause) {
        return new AnnexException(
                ErrorCode.INTERNAL_ERROR,
                "internal error: " + cause.getClass().getSimpleName(),
                "The sidecar's log has the details.",
                cause);
    }
}
