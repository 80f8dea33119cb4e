package io.annexdb.benchmarks.ann.dataset;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/** The exact nearest rows of every query, nearest first, with their distances. */
public final class GroundTruth {
    private static final int MAGIC = 0x414E5458;

    private final int[][] rows;
    private final double[][] distances;

    GroundTruth(int[][] rows, double[][] distances) {
        this.rows = rows;
        this.distances = distances;
    }

    public int queries() {
        return rows.length;
    }

    /** How many neighbours a query has: k, or fewer when fewer rows match. */
    public int count(int query) {
        return rows[query].length;
    }

    public int row(int query, int rank) {
        return rows[query][rank];
    }

    public double distance(int query, int rank) {
        return distances[query][rank];
    }

    void write(Path path) throws IOException {
        Path unfinished = path.resolveSibling(path.getFileName() + ".unfinished");
        try (DataOutputStream out =
                new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(unfinished)))) {
            out.writeInt(MAGIC);
            out.writeInt(rows.length);
            for (int query = 0; query < rows.length; query++) {
                out.writeInt(rows[query].length);
                for (int rank = 0; rank < rows[query].length; rank++) {
                    out.writeInt(rows[query][rank]);
                    out.writeDouble(distances[query][rank]);
                }
            }
        }
        Files.move(unfinished, path, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Empty when there is no such file, or it is for another number of queries. */
    static Optional<GroundTruth> read(Path path, int queries) throws IOException {
        if (!Files.exists(path)) {
            return Optional.empty();
        }
        try (DataInputStream in =
                new DataInputStream(new BufferedInputStream(Files.newInputStream(path)))) {
            if (in.readInt() != MAGIC || in.readInt() != queries) {
                return Optional.empty();
            }
            int[][] rows = new int[queries][];
            double[][] distances = new double[queries][];
            for (int query = 0; query < queries; query++) {
                int count = in.readInt();
                rows[query] = new int[count];
                distances[query] = new double[count];
                for (int rank = 0; rank < count; rank++) {
                    rows[query][rank] = in.readInt();
                    distances[query][rank] = in.readDouble();
                }
            }
            return Optional.of(new GroundTruth(rows, distances));
        }
    }
}
