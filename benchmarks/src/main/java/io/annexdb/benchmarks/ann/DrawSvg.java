package io.annexdb.benchmarks.ann;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The curves as a drawing: recall to the right, queries per second upwards, a bar from the lowest
 * to the highest pass at every point. Both scales are logarithmic, that of the recall in what it
 * lacks to 1, because the interesting recalls lie close to it. An engine has one colour; its other
 * conditions are dashed.
 */
final class DrawSvg {
    private static final int WIDTH = 960;
    private static final int HEIGHT = 500;
    private static final int LEFT = 80;
    private static final int RIGHT = 240;
    private static final int TOP = 64;
    private static final int BOTTOM = 56;
    private static final double RECALL_LEAST = 0.8;
    private static final double LACK_LEAST = 0.0005;
    private static final List<Double> RECALL_TICKS =
            List.of(0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999);
    private static final List<String> DASHES = List.of("", "7 4", "2 3", "10 3 2 3", "4 2");

    /** Of similar lightness, and told apart by those who see no red or no green. */
    private static final List<String> COLOURS =
            List.of(
                    "#0b6e4f", "#d1495b", "#3066be", "#a06c00", "#7b3fa0", "#008b9a", "#5c4033",
                    "#d96c9d");

    private final Report report;
    private final StringBuilder svg = new StringBuilder();
    private final double recallFrom;
    private final double decadeFrom;
    private final double decadeTo;

    private DrawSvg(Report report) {
        this.report = report;
        List<Measured> points = new ArrayList<>();
        report.results().forEach(result -> points.addAll(result.curve().medians()));
        double least = points.stream().mapToDouble(Measured::recall).min().orElse(0);
        this.recallFrom = Math.clamp(Math.floor(least * 20 - 0.01) / 20, RECALL_LEAST, 0.95);
        List<Measured> shown = points.stream().filter(this::isShown).toList();
        double low = shown.stream().mapToDouble(Measured::qps).min().orElse(1);
        double high = shown.stream().mapToDouble(Measured::qps).max().orElse(10);
        this.decadeFrom = Math.log10(low / 1.3);
        this.decadeTo = Math.log10(high * 1.3);
    }

    static void run(Report report, Path file) throws IOException {
        Path parent = file.toAbsolutePath().getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        Files.writeString(file, new DrawSvg(report).draw());
    }

    private String draw() {
        add(
                "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d'"
                        + " font-family='sans-serif' font-size='13'>",
                WIDTH, HEIGHT);
        add("<rect width='%d' height='%d' fill='white'/>", WIDTH, HEIGHT);
        title();
        recallAxis();
        qpsAxis();
        for (Report.Result result : report.results()) {
            curve(result, colour(result));
        }
        legend();
        add("</svg>");
        return svg.toString();
    }

    private void title() {
        Report.DatasetSummary data = report.dataset();
        text(
                LEFT,
                24,
                "start",
                "%s: %,d rows of %d components, %s, k = %d%s"
                        .formatted(
                                data.name(),
                                data.rows(),
                                data.dimension(),
                                data.metric(),
                                report.plan().k(),
                                report.plan().filtered()
                                        ? ", filter " + report.plan().selectivity()
                                        : ""));
        text(
                LEFT,
                44,
                "start",
                "%d searching threads, %d passes; M = %d, efConstruction = %d; %s"
                        .formatted(
                                report.plan().conditions().getFirst().threads(),
                                report.plan().passes(),
                                report.plan().m(),
                                report.plan().efConstruction(),
                                report.machine().processor()));
    }

    private void recallAxis() {
        for (double recall : RECALL_TICKS) {
            if (recall >= recallFrom) {
                grid(x(recall), y(decadeFrom), x(recall), y(decadeTo));
                text(x(recall), HEIGHT - BOTTOM + 20, "middle", Double.toString(recall));
            }
        }
        grid(x(1), y(decadeFrom), x(1), y(decadeTo));
        text(x(1), HEIGHT - BOTTOM + 20, "middle", "1");
        text((LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 14, "middle", "recall@" + report.plan().k());
    }

    private void qpsAxis() {
        for (int decade = (int) Math.floor(decadeFrom); decade <= decadeTo; decade++) {
            for (int digit : new int[] {1, 2, 5}) {
                double logarithm = decade + Math.log10(digit);
                if (logarithm >= decadeFrom && logarithm <= decadeTo) {
                    grid(x(recallFrom), y(logarithm), x(1), y(logarithm));
                    text(
                            LEFT - 8,
                            y(logarithm) + 4,
                            "end",
                            String.format(Locale.ROOT, "%,.0f", Math.pow(10, logarithm)));
                }
            }
        }
        add(
                "<text transform='translate(18 %.0f) rotate(-90)' text-anchor='middle'>queries per"
                        + " second</text>",
                (TOP + HEIGHT - BOTTOM) / 2.0);
    }

    private void curve(Report.Result result, String colour) {
        StringBuilder line = new StringBuilder();
        for (Measured point : result.curve().medians()) {
            if (isShown(point)) {
                Spread qps = result.curve().spread(point.ef(), Measured::qps);
                double x = x(point.recall());
                double y = y(Math.log10(point.qps()));
                line.append(String.format(Locale.ROOT, "%.1f,%.1f ", x, y));
                add(
                        "<path d='M%.1f %.1fV%.1f' stroke='%s' stroke-opacity='0.5'/>",
                        x, y(Math.log10(qps.least())), y(Math.log10(qps.most())), colour);
                add(
                        "<circle cx='%.1f' cy='%.1f' r='3.5' fill='%s'><title>%s ef %d: recall"
                                + " %.4f, %,.0f QPS</title></circle>",
                        x, y, colour, result.name(), point.ef(), point.recall(), point.qps());
            }
        }
        add(
                "<polyline points='%s' fill='none' stroke='%s' stroke-width='2'"
                        + " stroke-dasharray='%s'/>",
                line.toString().strip(), colour, dashes(result));
    }

    private void legend() {
        int y = TOP + 12;
        for (Report.Result result : report.results()) {
            add(
                    "<path d='M%d %dh26' stroke='%s' stroke-width='3' stroke-dasharray='%s'/>",
                    WIDTH - RIGHT + 18, y - 4, colour(result), dashes(result));
            text(WIDTH - RIGHT + 52, y, "start", result.name());
            y += 19;
        }
    }

    private String colour(Report.Result result) {
        List<Entrant> entrants = report.compared().stream().map(Report.Result::entrant).toList();
        return COLOURS.get(entrants.indexOf(result.entrant()) % COLOURS.size());
    }

    private String dashes(Report.Result result) {
        List<Condition> conditions =
                report.results().stream().map(Report.Result::condition).distinct().toList();
        return DASHES.get(conditions.indexOf(result.condition()) % DASHES.size());
    }

    private boolean isShown(Measured point) {
        return point.recall() >= recallFrom;
    }

    private double x(double recall) {
        double from = Math.log(1 - recallFrom);
        double share =
                (from - Math.log(Math.max(LACK_LEAST, 1 - recall))) / (from - Math.log(LACK_LEAST));
        return LEFT + share * (WIDTH - LEFT - RIGHT);
    }

    private double y(double decade) {
        double share = (decade - decadeFrom) / (decadeTo - decadeFrom);
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
    }

    private void grid(double fromX, double fromY, double toX, double toY) {
        add("<path d='M%.1f %.1fL%.1f %.1f' stroke='#dddddd'/>", fromX, fromY, toX, toY);
    }

    private void text(double x, double y, String anchor, String words) {
        String escaped = words.replace("&", "&amp;").replace("<", "&lt;");
        add("<text x='%.1f' y='%.1f' text-anchor='%s'>%s</text>", x, y, anchor, escaped);
    }

    @SuppressWarnings("AnnotateFormatMethod") // no annotations of Error Prone on the class path
    private void add(String format, Object... values) {
        svg.append(String.format(Locale.ROOT, format, values)).append('\n');
    }
}
