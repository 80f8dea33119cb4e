package io.annexdb.sidecar.model;

/** How the elements of vectors lie in memory and in files. */
public enum ElementType {
    /** IEEE 754 binary32: columns of type {@code real[]} and {@code vector}. */
    FLOAT32(32),
    /** IEEE 754 binary16: columns of type {@code halfvec}. */
    FLOAT16(16),
    /** Signed bytes; no column has them, codes do. */
    INT8(8),
    /** One bit per element, the first in the lowest place: {@code bit} and {@code varbit}. */
    BIT(1);

    private final int bits;

    ElementType(int bits) {
        this.bits = bits;
    }

    /** Bits per element. */
    public int bits() {
        return bits;
    }

    /** Bytes of so many elements, the last one filled up. */
    public int bytes(int elements) {
        return (int) (((long) elements * bits + 7) / 8);
    }

    /** Whether the metric is one of such vectors. */
    public boolean supports(Metric metric) {
        return switch (metric) {
            case COSINE, L2, INNER_PRODUCT, L1 -> this != BIT;
            case HAMMING, JACCARD -> this == BIT;
        };
    }

    /**
     * The elements of a column.
     *
     * @param columnType as the catalog names it: real[], vector, halfvec or bit
     * @throws AnnexException {@link ErrorCode#INVALID_PARAMETER_VALUE} for any other
     */
    public static ElementType ofColumnType(String columnType) {
        return switch (columnType) {
            case "real[]", "vector" -> FLOAT32;
            case "halfvec" -> FLOAT16;
            case "bit" -> BIT;
            default ->
                    throw new AnnexException(
                            ErrorCode.INVALID_PARAMETER_VALUE,
                            "unknown column type \"" + columnType + "\"",
                            "Use real[], vector, halfvec or bit.");
        };
    }
}
