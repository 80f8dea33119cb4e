package io.annexdb.benchmarks.ann.dataset;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

import org.jspecify.annotations.Nullable;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Finds the source behind what the user wrote after {@code --dataset}. */
public final class ResolveDataset {
    private static final String HINT =
            "Use wordnet-minilm, synthetic, synthetic:1000000x1024, or a file that ends in .fvecs,"
                    + " .fbin or .hdf5.";

    /** Rows and components; at most 9 and 5 digits, so that both are numbers. */
    private static final Pattern SYNTHETIC_SIZE =
            Pattern.compile("synthetic:([1-9]\\d{0,8})x([1-9]\\d{0,4})");

    private ResolveDataset() {}

    /**
     * The source of a data set.
     *
     * @param dataset a name or a file
     * @param queryFile the queries of a .fvecs or .fbin file; null looks for a neighbour file, and
     *     holds out rows when there is none
     * @param synthetic what {@code synthetic} means; {@code synthetic:ROWSxDIMENSION} takes its
     *     size from the name
     * @param cache folder of the caches
     * @throws AnnexException {@link ErrorCode#INVALID_PARAMETER_VALUE} when there is none
     */
    public static DatasetSource run(
            String dataset, @Nullable Path queryFile, SyntheticClusters synthetic, Path cache) {
        return switch (dataset) {
            case "wordnet-minilm" -> new WordNetMiniLm(cache);
            case "synthetic" -> synthetic;
            default -> {
                Matcher size = SYNTHETIC_SIZE.matcher(dataset);
                yield size.matches() ? sized(synthetic, size) : ofFile(Path.of(dataset), queryFile);
            }
        };
    }

    private static SyntheticClusters sized(SyntheticClusters synthetic, Matcher size) {
        return new SyntheticClusters(
                Integer.parseInt(size.group(1)),
                Integer.parseInt(size.group(2)),
                synthetic.clusters(),
                synthetic.intrinsic(),
                synthetic.seed());
    }

    private static DatasetSource ofFile(Path file, @Nullable Path queryFile) {
        if (!Files.isRegularFile(file)) {
            throw invalid("there is no data set or file named \"" + file + "\"", HINT);
        }
        if (queryFile != null && !Files.isRegularFile(queryFile)) {
            throw invalid(
                    "there is no file \"" + queryFile + "\"",
                    "Leave --query-file out to hold out rows of the base file as queries.");
        }
        String name = String.valueOf(file.getFileName());
        String extension = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        return switch (extension) {
            case "fvecs" -> new FileSource(file, queryFile(file, queryFile), FvecsRows::new);
            case "fbin" -> new FileSource(file, queryFile(file, queryFile), FbinRows::new);
            case "hdf5", "h5" -> new Hdf5Source(file);
            default -> throw invalid(file + " has a format that is not known", HINT);
        };
    }

    /** The convention of the texmex and big-ann files: {@code sift_base}, {@code sift_query}. */
    private static @Nullable Path queryFile(Path file, @Nullable Path given) {
        if (given != null) {
            return given;
        }
        String name = String.valueOf(file.getFileName());
        Path neighbour = file.resolveSibling(name.replace("base", "query"));
        return !neighbour.equals(file) && Files.isRegularFile(neighbour) ? neighbour : null;
    }

    private static AnnexException invalid(String message, String hint) {
        return new AnnexException(ErrorCode.INVALID_PARAMETER_VALUE, message, hint);
    }
}
