package io.annexdb.sidecar;

import java.io.PrintWriter;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** Prints rows in columns that are as wide as their longest value. */
final class PrintTable {
    private PrintTable() {}

    static void print(ResultSet rows, PrintWriter out) throws SQLException {
        ResultSetMetaData columns = rows.getMetaData();
        int count = columns.getColumnCount();
        List<List<String>> lines = new ArrayList<>();
        List<String> names = new ArrayList<>();
        for (int i = 1; i <= count; i++) {
            names.add(columns.getColumnLabel(i));
        }
        lines.add(names);
        while (rows.next()) {
            List<String> line = new ArrayList<>();
            for (int i = 1; i <= count; i++) {
                String value = rows.getString(i);
                line.add(value == null ? "-" : value);
            }
            lines.add(line);
        }
        print(lines, out);
    }

    /** The first line has the columns' names; all lines are of the same length. */
    static void print(List<List<String>> lines, PrintWriter out) {
        int count = lines.getFirst().size();
        int[] widths = new int[count];
        for (List<String> line : lines) {
            for (int i = 0; i < count; i++) {
                widths[i] = Math.max(widths[i], line.get(i).length());
            }
        }
        for (List<String> line : lines) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < count; i++) {
                text.append(String.format("%-" + (widths[i] + 2) + "s", line.get(i)));
            }
            out.println(text.toString().stripTrailing());
        }
    }
}
