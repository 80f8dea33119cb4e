package io.annexdb.benchmarks.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.List;

class InterpolateQpsTest {
    private final List<Measured> points =
            List.of(
                    point(10, 0.90, 8000),
                    point(15, 0.91, 1000), // a disturbed measurement, beaten by the next
                    point(20, 0.94, 4000),
                    point(40, 0.98, 1000));

    @Test
    void liesBetweenTheNeighbouringPoints() {
        InterpolateQps.AtRecall at = at(0.96);
        assertEquals(2000, at.qps(), 1e-6); // the geometric mean half-way
        assertTrue(!at.atLeast());
        assertEquals(8000 / Math.sqrt(2), at(0.92).qps(), 1e-6);
    }

    @Test
    void meetsThePoints() {
        assertEquals(4000, at(0.94).qps(), 1e-6);
        assertEquals(1000, at(0.98).qps(), 1e-6);
    }

    @Test
    void belowTheFirstPointItIsALowerBound() {
        assertEquals(8000, at(0.5).qps());
        assertTrue(at(0.5).atLeast());
    }

    @Test
    void aboveTheLastPointThereIsNone() {
        assertTrue(InterpolateQps.run(points, 0.981, Measured::qps).isEmpty());
    }

    @Test
    void spreadHasTheMiddle() {
        assertEquals(new Spread(3, 1, 9), Spread.of(new double[] {9, 1, 3}));
        assertEquals(new Spread(4, 1, 9), Spread.of(new double[] {9, 1, 3, 5}));
    }

    private InterpolateQps.AtRecall at(double recall) {
        return InterpolateQps.run(points, recall, Measured::qps).orElseThrow();
    }

    private static Measured point(int ef, double recall, double qps) {
        return new Measured(ef, recall, qps, qps, 1, 1, 0);
    }
}
