package io.annexdb.sidecar.model;

/**
 * A column that an index keeps beside the vectors, to filter by it inside the search.
 *
 * @param name its name, unquoted
 * @param type its type, or that under a domain
 * @param bytewise whether {@code <} compares texts byte by byte: only so under the C collation
 * @param scale digits after the point of a numeric that fits a long; −1 otherwise
 * @param number the column's number in its relation, so that a column that was dropped and added
 *     again is another one
 */
public record IncludedColumn(
        String name, AttributeType type, boolean bytewise, int scale, int number) {
    private static final String BYTEWISE = "C";

    /**
     * A column as the catalog describes it.
     *
     * @param description the type's name, followed by {@code /C} for a text under the C collation,
     *     or by {@code /} and the scale for a numeric that fits a long
     * @throws AnnexException CONFIGURATION for a type that is not known
     */
    public static IncludedColumn of(String name, String description, int number) {
        int slash = description.indexOf('/');
        String typeName = slash < 0 ? description : description.substring(0, slash);
        String rest = slash < 0 ? "" : description.substring(slash + 1);
        boolean scaled = rest.matches("\\d{1,2}");
        AttributeType type =
                AttributeType.ofCatalogName(typeName)
                        .orElseThrow(() ->
                                new AnnexException(
                                        ErrorCode.CONFIGURATION,
                                        "column \""
                                                + name
                                                + "\" of type "
                                                + typeName
                                                + " cannot be included",
                                        "Use the same version of Annex for the SQL functions and"
                                                + " the sidecars."));
        return new IncludedColumn(
                name, type, rest.equals(BYTEWISE), scaled ? Integer.parseInt(rest) : -1, number);
    }

    /** What {@link #of} reads. */
    public String description() {
        if (bytewise) {
            return type.catalogName() + "/" + BYTEWISE;
        }
        return scale < 0 ? type.catalogName() : type.catalogName() + "/" + scale;
    }

    /** Whether its values are kept as longs; else as canonical bytes. */
    public boolean isNumber() {
        return scale >= 0 || type.storage() == AttributeType.Storage.NUMBER;
    }
}
