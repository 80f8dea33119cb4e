package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.index.IndexRegistry;
import io.annexdb.sidecar.replication.Publication;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.Map;
import java.util.Optional;

/**
 * The publication as it was when all that the open shards hold was published, also in the last run:
 * kept in the manifest. For the audit's thread.
 */
final class KnownPublication {
    private static final Logger LOG = LoggerFactory.getLogger(KnownPublication.class);

    private final IndexRegistry registry;
    private @Nullable Publication last;

    KnownPublication(IndexRegistry registry) {
        this.registry = registry;
    }

    /** What was written last; empty in a new directory, and in one of a version without it. */
    Optional<Publication> read() {
        String text = registry.publication();
        if (text.isEmpty()) {
            last = null;
        } else if (last == null) {
            try {
                last = Publication.parse(text);
            } catch (IllegalArgumentException e) {
                LOG.warn("What is known of the publication cannot be read: {}", e.getMessage());
                last = new Publication("", Map.of());
            }
        }
        return Optional.ofNullable(last);
    }

    /** Durable when it returns. */
    void write(Publication now) {
        if (!read().equals(Optional.of(now))) {
            registry.published(now.text());
            last = now;
        }
    }
}
