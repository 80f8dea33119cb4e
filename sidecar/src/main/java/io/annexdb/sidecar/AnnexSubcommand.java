package io.annexdb.sidecar;

/**
 * A subcommand of {@code annex} that another jar brings, found by {@link java.util.ServiceLoader}.
 * The implementing class carries picocli's {@code @Command}.
 */
public interface AnnexSubcommand extends Runnable {}
