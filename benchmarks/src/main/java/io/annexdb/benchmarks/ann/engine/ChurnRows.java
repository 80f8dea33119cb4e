package io.annexdb.benchmarks.ann.engine;

import io.annexdb.benchmarks.ann.dataset.VectorFile;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Replaces every row of a live index, in random order. Each row gets the vector that the next row
 * of that order had, so in the end all rows have new vectors and the vectors are the same as
 * before: the exact neighbours are known, and recall before and after can be compared.
 *
 * <p>The writer waits while more than {@value #FRESH_MOST} rows, or a fiftieth of all, are not
 * linked: the graph is to be repaired row by row, not emptied and built anew.
 */
final class ChurnRows {
    private static final int FRESH_MOST = 2_000;
    private static final int ROWS_PER_TRANSACTION = 10;
    private static final int ROWS_PER_SYNC = 1_000;

    private ChurnRows() {}

    static Churned run(
            Engine engine,
            LiveRows live,
            Path basePath,
            Content content,
            ChurnRequest request,
            Engine.BuildProgress progress)
            throws IOException {
        Map<String, Long> before = figures(live);
        long started = System.nanoTime();
        double seconds;
        FindOwnRows.Found found;
        try (VectorFile base = VectorFile.open(basePath)) {
            SplittableRandom random = new SplittableRandom(request.seed());
            for (int time = 0; time < request.times(); time++) {
                once(live, base, content, random, progress);
            }
            live.awaitFresh(0);
            seconds = (System.nanoTime() - started) / 1e9;
            live.sync();
            found = FindOwnRows.run(engine, base, content, request.threads(), progress);
        }
        return new Churned(
                seconds,
                (long) content.rows() * request.times(),
                found.notFound(),
                found.unreachable(),
                before,
                figures(live));
    }

    private static void once(
            LiveRows live,
            VectorFile base,
            Content content,
            SplittableRandom random,
            Engine.BuildProgress progress) {
        int[] order = shuffled(content.rows(), random);
        int freshMost = Math.min(FRESH_MOST, order.length / 50);
        int first = content.vectorOf(order[0]);
        for (int i = 0; i < order.length; i++) {
            int next = i + 1 < order.length ? content.vectorOf(order[i + 1]) : first;
            live.replace(order[i], base.row(next));
            content.set(order[i], next);
            if (i % ROWS_PER_TRANSACTION == ROWS_PER_TRANSACTION - 1 || i == order.length - 1) {
                live.commit();
                live.awaitFresh(freshMost);
            }
            if (i % ROWS_PER_SYNC == ROWS_PER_SYNC - 1) {
                live.sync();
            }
            progress.at("replace", i + 1, order.length);
        }
    }

    private static int[] shuffled(int count, SplittableRandom random) {
        int[] order = new int[count];
        for (int i = 0; i < count; i++) {
            int place = random.nextInt(i + 1);
            order[i] = order[place];
            order[place] = i;
        }
        return order;
    }

    private static Map<String, Long> figures(LiveRows live) {
        Map<String, Long> figures = live.figures();
        ResidentMemory memory = ResidentMemory.of(ProcessHandle.current().pid());
        figures.put("RssAnon", memory.anonymousBytes());
        figures.put("RssFile", memory.fileBytes());
        return figures;
    }
}
