package io.annexdb.sidecar.filter;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.IncludedColumn;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.Set;

/** Filters that were parsed lately, and those that were refused. For any number of threads. */
public final class FilterCache {
    /** Characters of all texts together. */
    private static final long WEIGHT_MAX = 4 << 20;

    private static final int ENTRY_WEIGHT = 500;

    private record Key(
            String text, List<IncludedColumn> included, Set<String> usable, boolean utc) {}

    private record Parsed(@Nullable Filter filter, @Nullable AnnexException refusal) {}

    private final Cache<Key, Parsed> parsed =
            Caffeine.newBuilder()
                    .maximumWeight(WEIGHT_MAX)
                    .weigher((Key key, Parsed value) -> key.text().length() + ENTRY_WEIGHT)
                    .build();

    /** As {@link ParseFilter#parse}. */
    public Filter get(String text, List<IncludedColumn> included, Set<String> usable, boolean utc) {
        Parsed found =
                parsed.get(new Key(text, included, Set.copyOf(usable), utc), FilterCache::parse);
        if (found.filter() == null) {
            throw found.refusal() == null ? Refusal.because("it is unknown") : found.refusal();
        }
        return found.filter();
    }

    private static Parsed parse(Key key) {
        try {
            return new Parsed(
                    ParseFilter.parse(key.text(), key.included(), key.usable(), key.utc()), null);
        } catch (AnnexException e) {
            return new Parsed(null, e);
        }
    }
}
