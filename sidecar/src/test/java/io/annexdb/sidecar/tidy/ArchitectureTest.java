package io.annexdb.sidecar.tidy;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Which package may import which (docs/architecture.md), and who holds which exclusive right. */
class ArchitectureTest {
    private static final String ROOT = "io.annexdb.sidecar";

    private static final JavaClasses CLASSES =
            new ClassFileImporter()
                    .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                    .importPackages(ROOT);

    /** Package → the packages it may import besides {@code model} and {@code telemetry}. */
    private static final Map<String, List<String>> IMPORTS =
            Map.ofEntries(
                    Map.entry("model", List.of()),
                    Map.entry("telemetry", List.of()),
                    Map.entry("kernel", List.of()),
                    Map.entry("memory", List.of()),
                    Map.entry("protocol", List.of()),
                    Map.entry("replication", List.of()),
                    Map.entry("quantization", List.of("kernel", "memory")),
                    Map.entry("segment", List.of("quantization", "memory")),
                    Map.entry("filter", List.of("segment")),
                    Map.entry("hnsw", List.of("segment", "quantization", "kernel", "memory")),
                    Map.entry("ivfpq", List.of("segment", "quantization", "kernel", "memory")),
                    Map.entry("flat", List.of("segment", "quantization", "kernel", "memory")),
                    Map.entry(
                            "index",
                            List.of(
                                    "segment",
                                    "hnsw",
                                    "ivfpq",
                                    "flat",
                                    "filter",
                                    "quantization",
                                    "kernel",
                                    "memory")),
                    Map.entry("ingest", List.of("replication", "index")),
                    Map.entry("query", List.of("index", "filter")),
                    Map.entry("command", List.of("query")),
                    Map.entry("wire", List.of("protocol", "command")));

    @Test
    void importsPointOneWay() {
        IMPORTS.forEach((name, allowed) ->
                noClasses()
                        .that()
                        .resideInAPackage(ROOT + "." + name)
                        .should()
                        .dependOnClassesThat(
                                resideInAPackage(ROOT + "..").and(not(inOneOf(name, allowed))))
                        .because(name + " may import " + allowed + " only")
                        .check(CLASSES));
    }

    @Test
    void packagesAreFreeOfCycles() {
        Map<String, Set<String>> imports = new TreeMap<>();
        for (JavaClass each : CLASSES) {
            for (Dependency dependency : each.getDirectDependenciesFromSelf()) {
                String from = below(each);
                String to = below(dependency.getTargetClass());
                if (!from.isEmpty() && !to.isEmpty() && !from.equals(to)) {
                    imports.computeIfAbsent(from, _ -> new TreeSet<>()).add(to);
                }
            }
        }
        assertFalse(imports.isEmpty(), "no imports found");
        // Who imports nobody is in no cycle; without those the next ones import nobody.
        do {
            imports.values().forEach(targets -> targets.retainAll(imports.keySet()));
        } while (imports.values().removeIf(Set::isEmpty));
        assertEquals(Map.of(), imports, "cycles, and what leads to them");
    }

    /** The package directly below the root; empty for the root and for what is foreign. */
    private static String below(JavaClass each) {
        String name = each.getBaseComponentType().getPackageName();
        return name.startsWith(ROOT + ".")
                ? name.substring(ROOT.length() + 1).split("\\.", 2)[0]
                : "";
    }

    @Test
    void onlyTheKernelSpeaksVectorApi() {
        onlyIn("jdk.incubator.vector..", "kernel");
    }

    @Test
    void onlyReplicationSpeaksToPostgresql() {
        onlyIn("org.postgresql..", "replication");
    }

    @Test
    void onlyMemoryOpensArenas() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + ".memory")
                .should()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.lang.foreign.Arena")
                .because("memory has one owner and a limit")
                .check(CLASSES);
    }

    @Test
    void onlyTheRootReadsTheEnvironment() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT)
                .should()
                .callMethod(System.class, "getenv", String.class)
                .orShould()
                .callMethod(System.class, "getenv")
                .because("configuration is read in the root and handed down as values")
                .check(CLASSES);
    }

    @Test
    void socketsAreOpenedByTheWire() {
        noClasses()
                .that()
                .resideOutsideOfPackages(ROOT, ROOT + ".wire")
                .should()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.net.ServerSocket")
                .orShould()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.net.Socket")
                .check(CLASSES);
    }

    private static void onlyIn(String foreign, String name) {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + "." + name)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(foreign)
                .because("only " + name + " may")
                .check(CLASSES);
    }

    private static DescribedPredicate<JavaClass> inOneOf(String name, List<String> allowed) {
        String[] packages =
                Stream.concat(Stream.of(name, "model", "telemetry"), allowed.stream())
                        .map(each -> ROOT + "." + each)
                        .toArray(String[]::new);
        return JavaClass.Predicates.resideInAnyPackage(packages);
    }
}
