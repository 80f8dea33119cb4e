package io.annexdb.sidecar.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.util.Optional;

/** Who gives way when there is no room for another login. Connections are numbers here. */
class StrangersTest {
    private static final ClientAddress CROWD = TestAddress.of("10.0.0.1");
    private static final ClientAddress OTHER = TestAddress.of("10.0.0.2");
    private static final ClientAddress THIRD = TestAddress.of("10.0.0.3");
    private static final long LATE = Strangers.PATIENCE.toNanos() + 4;

    @Test
    void whoHasTheMostGivesWayToOthersAtOnce() {
        Strangers<Integer> strangers = new Strangers<>(3);
        assertEquals(Optional.empty(), strangers.add(1, CROWD, 1));
        assertEquals(Optional.empty(), strangers.add(2, OTHER, 2));
        assertEquals(Optional.empty(), strangers.add(3, CROWD, 3));
        assertEquals(Optional.of(1), strangers.add(4, THIRD, 4));
        // One each: nobody has the most, and nobody is late.
        assertEquals(Optional.of(5), strangers.add(5, CROWD, 5));
    }

    @Test
    void aCrowdDisplacesItselfOnceItIsLate() {
        Strangers<Integer> strangers = new Strangers<>(2);
        strangers.add(1, CROWD, 1);
        strangers.add(2, CROWD, 2);
        assertEquals(Optional.of(3), strangers.add(3, CROWD, 3));
        assertEquals(Optional.of(1), strangers.add(4, CROWD, LATE));
        assertEquals(Optional.of(2), strangers.add(5, CROWD, LATE));
        assertEquals(Optional.of(6), strangers.add(6, CROWD, LATE));
    }

    @Test
    void whoLeavesMakesRoom() {
        Strangers<Integer> strangers = new Strangers<>(1);
        strangers.add(1, CROWD, 1);
        strangers.remove(1);
        strangers.remove(1);
        assertEquals(Optional.empty(), strangers.add(2, CROWD, 2));
        assertEquals(Optional.of(3), strangers.add(3, OTHER, 3));
    }
}
