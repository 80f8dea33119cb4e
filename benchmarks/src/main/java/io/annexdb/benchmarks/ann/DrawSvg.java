package io.annexdb.benchmarks.ann;

import io.annexdb.benchmarks.ann.engine.EngineKind;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The curves as a drawing: recall to the right, queries per second upwards on a logarithmic scale,
 * a bar from the lowest to the highest pass at every point.
 */
final class DrawSvg {
    private static final int WIDTH = 760;
    private static final int HEIGHT = 470;
    private static final int LEFT = 80;
    private static final int RIGHT = 30;
    private static final int TOP = 64;
    private static final int BOTTOM = 56;
    private static final double RECALL_LEAST = 0.8;

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
        this.recallFrom = Math.max(RECALL_LEAST, Math.floor(least * 20 - 0.01) / 20);
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
            curve(result);
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
                                report.plan().threads(),
                                report.plan().passes(),
                                report.plan().m(),
                                report.plan().efConstruction(),
                                report.machine().processor()));
    }

    private void recallAxis() {
        double step = 1 - recallFrom > 0.11 ? 0.05 : 0.01;
        for (double recall = recallFrom; recall < 1 + step / 2; recall += step) {
            grid(x(recall), y(decadeFrom), x(recall), y(decadeTo));
            text(
                    x(recall),
                    HEIGHT - BOTTOM + 20,
                    "middle",
                    String.format(Locale.ROOT, "%.2f", recall));
        }
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

    private void curve(Report.Result result) {
        String colour = colour(result.engine());
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
                        x,
                        y,
                        colour,
                        result.engine().engineName(),
                        point.ef(),
                        point.recall(),
                        point.qps());
            }
        }
        add(
                "<polyline points='%s' fill='none' stroke='%s' stroke-width='2'/>",
                line.toString().strip(), colour);
    }

    private void legend() {
        int y = HEIGHT - BOTTOM - 16 * report.results().size();
        for (Report.Result result : report.results()) {
            add(
                    "<path d='M%d %dh22' stroke='%s' stroke-width='3'/>",
                    LEFT + 14, y - 4, colour(result.engine()));
            text(LEFT + 44, y, "start", result.engine().engineName());
            y += 17;
        }
    }

    private static String colour(EngineKind engine) {
        return switch (engine) {
            case ANNEX -> "#0b6e4f";
            case LUCENE -> "#d1495b";
            case JVECTOR -> "#3066be";
            case HNSWLIB -> "#8d6a00";
        };
    }

    private boolean isShown(Measured point) {
        return point.recall() >= recallFrom;
    }

    private double x(double recall) {
        return LEFT + (recall - recallFrom) / (1 - recallFrom) * (WIDTH - LEFT - RIGHT);
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
