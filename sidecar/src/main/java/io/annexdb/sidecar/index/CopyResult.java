package io.annexdb.sidecar.index;

/**
 * What a copy of the table found in the index that it was compared with.
 *
 * @param kept rows that were right as they were
 * @param changed rows whose vector, namespace or included columns were others
 * @param added rows that were not there
 * @param removed rows that the table does not have
 */
public record CopyResult(long kept, long changed, long added, long removed) {
    CopyResult withKept() {
        return new CopyResult(kept + 1, changed, added, removed);
    }

    CopyResult withChanged() {
        return new CopyResult(kept, changed + 1, added, removed);
    }

    CopyResult withAdded() {
        return new CopyResult(kept, changed, added + 1, removed);
    }

    CopyResult withRemoved(long rows) {
        return new CopyResult(kept, changed, added, removed + rows);
    }
}
