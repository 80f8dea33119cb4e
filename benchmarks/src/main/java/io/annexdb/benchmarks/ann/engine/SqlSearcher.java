package io.annexdb.benchmarks.ann.engine;

import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Searches by one connection, which ends with its server. A statement is prepared for every k; its
 * only parameter is the vector, its only column the row's number.
 */
final class SqlSearcher implements Engine.Searcher<int[]> {
    private final Connection connection;
    private final Texts texts;
    private final Map<Integer, PreparedStatement> statements = new HashMap<>();
    private int connectionEf;

    /** The two statements. */
    interface Texts {
        /** Sets ef for all searches that follow. */
        String setEf(int ef);

        String search(int k);
    }

    SqlSearcher(Connection connection, Texts texts) {
        this.connection = connection;
        this.texts = texts;
    }

    @Override
    public int[] search(float[] query, int k, int ef) throws IOException {
        try {
            if (ef != connectionEf) {
                try (var set = connection.createStatement()) {
                    set.execute(texts.setEf(ef));
                }
                connectionEf = ef;
            }
            PreparedStatement statement = prepared(k);
            statement.setObject(1, query);
            try (ResultSet rows = statement.executeQuery()) {
                int[] found = new int[k];
                int count = 0;
                while (rows.next()) {
                    found[count++] = rows.getInt(1);
                }
                return Arrays.copyOf(found, count);
            }
        } catch (SQLException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private PreparedStatement prepared(int k) throws SQLException {
        PreparedStatement known = statements.get(k);
        if (known == null) {
            known = connection.prepareStatement(texts.search(k));
            statements.put(k, known);
        }
        return known;
    }

    @Override
    public int[] rows(int[] answer, int k) {
        return answer;
    }
}
