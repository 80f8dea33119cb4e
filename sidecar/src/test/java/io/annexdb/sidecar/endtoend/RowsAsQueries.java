package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;

/** Searches table docs (id, embedding) under l2 for its own rows, and judges by exact SQL. */
final class RowsAsQueries {
    private final Session session;
    private final String arguments;

    /** The arguments are SQL after the query of a search, beginning with a comma, or nothing. */
    RowsAsQueries(Session session, String arguments) {
        this.session = session;
        this.arguments = arguments;
    }

    void waitUntilLinked() throws Exception {
        long deadline = System.nanoTime() + 60_000_000_000L;
        while (!session.value(
                        "select fresh from annex.index_status where index_name ="
                                + " 'docs_embedding'")
                .equals("0")) {
            assertTrue(System.nanoTime() < deadline, "still fresh rows");
            Thread.sleep(50);
        }
    }

    /** Of the ten true neighbours of each of the first rows, how many are found. */
    int found(int queries) throws Exception {
        int found = 0;
        for (int i = 1; i <= queries; i++) {
            List<String> nearest = nearest(i);
            List<String> exact = exact(i);
            assertEquals(10, nearest.size());
            found += (int) nearest.stream().filter(exact::contains).count();
        }
        return found;
    }

    List<String> nearest(int id) throws Exception {
        return session.rows(
                "select (hit).id from annex.search(null::docs, 'embedding', (select embedding from"
                        + " docs where id = "
                        + id
                        + ")"
                        + arguments
                        + ")");
    }

    private List<String> exact(int id) throws Exception {
        return session.rows(
                "select d.id from docs d, docs q where q.id = "
                        + id
                        + " order by (select sum((a - b) * (a - b)) from unnest(d.embedding,"
                        + " q.embedding) u (a, b)) limit 10");
    }
}
