package io.annexdb.sidecar.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorSpecies;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.List;
import java.util.Objects;

/** Loads a kernel's class once more, as a hidden class with constants of its own. */
final class SimdTemplate {
    private SimdTemplate() {}

    /**
     * @param template a class with a constructor without parameters
     * @param constants its class data
     */
    static <T> T load(Class<T> type, String template, List<Object> constants) {
        try (InputStream file = SimdTemplate.class.getResourceAsStream(template + ".class")) {
            byte[] bytes = Objects.requireNonNull(file).readAllBytes();
            MethodHandles.Lookup hidden =
                    MethodHandles.lookup().defineHiddenClassWithClassData(bytes, constants, true);
            return type.cast(
                    hidden.findConstructor(hidden.lookupClass(), MethodType.methodType(void.class))
                            .invoke());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (Throwable e) {
            throw new IllegalStateException(
                    "cannot load kernel " + template + " with " + constants, e);
        }
    }

    static VectorSpecies<Long> longs(int bits) {
        return switch (bits) {
            case 128 -> LongVector.SPECIES_128;
            case 256 -> LongVector.SPECIES_256;
            case 512 -> LongVector.SPECIES_512;
            default -> throw new IllegalArgumentException("no register of " + bits + " bits");
        };
    }

    static VectorSpecies<Float> floats(int bits) {
        return switch (bits) {
            case 128 -> FloatVector.SPECIES_128;
            case 256 -> FloatVector.SPECIES_256;
            case 512 -> FloatVector.SPECIES_512;
            default -> throw new IllegalArgumentException("no register of " + bits + " bits");
        };
    }
}
