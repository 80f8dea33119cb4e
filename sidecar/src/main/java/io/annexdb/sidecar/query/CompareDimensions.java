package io.annexdb.sidecar.query;

import io.annexdb.sidecar.index.ShardStatus;
import io.annexdb.sidecar.index.VectorIndex;
import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;
import io.annexdb.sidecar.model.IndexDefinition;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Which dimensions the vectors of an index's table have: those of its relations may differ, and
 * rows may be skipped for theirs. A query that an index refuses may then have an answer, which
 * exact SQL gives.
 */
final class CompareDimensions {
    private static final String ONE_DIMENSION =
            "Give all of them vectors of one dimension; or drop the index and create it again,"
                    + " which then skips rows of another dimension than its first row's.";
    private static final String OTHER_DIMENSION =
            "They are in the index as soon as it has no row of its own; or drop it and create it"
                    + " for that dimension.";

    private CompareDimensions() {}

    /** Why no query fits all relations, with the numbers and the remedy; empty where one does. */
    static Optional<String> disagreement(Collection<ShardStatus> shards) {
        return dimensions(shards).map(what -> what + ". " + ONE_DIMENSION);
    }

    private static Optional<String> dimensions(Collection<ShardStatus> shards) {
        TreeSet<Integer> dimensions =
                shards.stream()
                        .filter(shard -> shard.rows() > 0)
                        .map(ShardStatus::dimension)
                        .collect(Collectors.toCollection(TreeSet::new));
        return dimensions.size() < 2
                ? Optional.empty()
                : Optional.of(
                        "its relations have vectors of %s dimensions, so that no query fits all"
                                .formatted(
                                        dimensions.stream()
                                                .map(Object::toString)
                                                .collect(Collectors.joining(" and "))));
    }

    /**
     * The error for a query that a shard has refused: NOT_SERVABLE if the table is known to have
     * rows of its dimension all the same, else the refusal.
     */
    static AnnexException explain(
            AnnexException refusal, SearchRequest request, List<VectorIndex> shards) {
        IndexDefinition index = shards.getFirst().definition().index();
        List<ShardStatus> each = shards.stream().map(VectorIndex::status).toList();
        Optional<AnnexException> disagreement =
                dimensions(each)
                        .map(what ->
                                new AnnexException(
                                        ErrorCode.NOT_SERVABLE,
                                        "index \"%s\" is out of service: %s"
                                                .formatted(index.name(), what),
                                        ONE_DIMENSION));
        // One that is given is what exact SQL goes by, too.
        return disagreement
                .or(() -> index.dimension() == 0 ? skipped(index, request, each) : Optional.empty())
                .orElse(refusal);
    }

    private static Optional<AnnexException> skipped(
            IndexDefinition index, SearchRequest request, List<ShardStatus> shards) {
        return request.vectors().stream()
                .map(query -> query.length)
                .filter(elements ->
                        shards.stream().anyMatch(each -> each.skipped().containsKey(elements)))
                .findFirst()
                .map(elements ->
                        new AnnexException(
                                ErrorCode.NOT_SERVABLE,
                                "index \"%s\" skips rows of %d dimensions: it has %d"
                                        .formatted(
                                                index.name(),
                                                elements,
                                                shards.stream()
                                                        .mapToInt(ShardStatus::dimension)
                                                        .max()
                                                        .orElse(0)),
                                OTHER_DIMENSION));
    }
}
