package io.annexdb.jdbc;

import java.util.Locale;

/** How the distance of two vectors is measured; smaller is nearer for all of them. */
public enum Metric {
    /** One minus the cosine of the angle, 0 to 2. A zero vector has no angle and is refused. */
    COSINE,
    /** Euclidean distance, 0 and up. */
    L2,
    /** Negated inner product, any value. */
    IP,
    /** Sum of absolute differences, 0 and up. */
    L1,
    /** Number of bits that differ; for columns of type {@code bit}. */
    HAMMING,
    /** One minus the common ones by the ones of either; for columns of type {@code bit}. */
    JACCARD;

    String sqlName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
