package io.annexdb.sidecar.index;

import io.annexdb.sidecar.memory.SyncedCopy;
import io.annexdb.sidecar.model.Lsn;
import io.annexdb.sidecar.model.ServerIdentity;
import io.annexdb.sidecar.model.ShardDefinition;
import io.annexdb.sidecar.model.ShardKey;
import io.annexdb.sidecar.model.TimelineHistory;
import io.annexdb.sidecar.segment.LogPosition;
import io.annexdb.sidecar.telemetry.Failpoint;

import org.jspecify.annotations.Nullable;

import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;

/**
 * What is durable on this node, as text, replaced as a whole:
 *
 * <pre>
 * annex-manifest 3
 * lsn 0/16B3748
 * identity 7301234567890123456 4 16384 2@0/5000000,3 annex_main   may be missing
 * publication 16500 742 1;16402 16501 742 1            as ingest knows it again; may be missing
 * shard 7-16402 log 3 bytes 123456 chain 9f0e1d2c3b4a5968   one line per shard whose first copy is done
 * shard 8-16402 log 1 bytes 123456 chain 8f0e1d2c3b4a5968 as 9      of an index that is number 9 now
 * file 7-16402 16410                                  a shard's relation and its file
 * crc32c 1a2b3c4d                                     of all lines before
 * </pre>
 *
 * The identity is the system, Citus' node group, the database, the timelines with the positions at
 * which each was left, and the slot. A manifest of another version is as if there were none.
 *
 * @param lsn everything before this is applied and durable
 * @param identity the stream it belongs to
 * @param publication one line about the publication that the stream had; empty when there is none
 * @param logs how much of which log must be there; less means that it lost what was acknowledged
 * @param fileNodes in which file of the server each shard's relation was seen last
 * @param indexIds as which index a shard was loaded, where that is not the one of its key
 */
record Manifest(
        Lsn lsn,
        @Nullable NodeIdentity identity,
        String publication,
        Map<ShardKey, DurableLog> logs,
        Map<ShardKey, Long> fileNodes,
        Map<ShardKey, Long> indexIds) {
    static final Manifest EMPTY = new Manifest(Lsn.ZERO, null, "", Map.of(), Map.of());
    private static final String FIRST_LINE = "annex-manifest 3";
    private static final Pattern SHARD_KEY = Pattern.compile("\\d{1,18}-\\d{1,10}");

    /**
     * How much of a shard's log is durable.
     *
     * @param number of the log
     * @param position what lies before is durable, and must be what it was
     */
    record DurableLog(long number, LogPosition position) {
        long bytes() {
            return position.bytes();
        }
    }

    Manifest {
        logs = Map.copyOf(logs);
        fileNodes = Map.copyOf(fileNodes);
        indexIds = Map.copyOf(indexIds);
    }

    /** One whose shards are all of the index of their key. */
    Manifest(
            Lsn lsn,
            @Nullable NodeIdentity identity,
            String publication,
            Map<ShardKey, DurableLog> logs,
            Map<ShardKey, Long> fileNodes) {
        this(lsn, identity, publication, logs, fileNodes, Map.of());
    }

    /** How much of the shard's log is durable, if it was loaded as this index. */
    @Nullable DurableLog log(ShardDefinition shard) {
        ShardKey key = shard.key();
        boolean same = indexIds.getOrDefault(key, key.indexId()) == shard.index().id();
        return same ? logs.get(key) : null;
    }

    /** Reads the file; empty when there is none. */
    static Optional<Manifest> read(Path path) throws IOException {
        List<String> lines;
        try {
            lines = Files.readAllLines(path);
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
        if (lines.size() < 3 || !lines.getFirst().equals(FIRST_LINE)) {
            throw new IOException(path + " is not a manifest of version 3");
        }
        String content = String.join("\n", lines.subList(0, lines.size() - 1)) + "\n";
        if (!lines.getLast().equals(lastLine(content))) {
            throw new IOException(path + " is damaged: its checksum is wrong");
        }
        try {
            return Optional.of(parse(lines));
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            throw new IOException(path + " has an unknown line", e);
        }
    }

    /** Replaces the file; durable when it returns. */
    void write(Path path) throws IOException {
        StringBuilder content = new StringBuilder(FIRST_LINE + "\n");
        content.append("lsn ").append(lsn).append('\n');
        if (identity != null) {
            ServerIdentity server = identity.server();
            content.append("identity ")
                    .append(server.systemIdentifier())
                    .append(' ')
                    .append(server.group())
                    .append(' ')
                    .append(server.databaseOid())
                    .append(' ')
                    .append(server.history().text())
                    .append(' ')
                    .append(identity.slotName())
                    .append('\n');
        }
        if (!publication.isEmpty()) {
            content.append("publication ").append(publication).append('\n');
        }
        fileNodes.forEach((key, node) ->
                content.append("file ").append(key).append(' ').append(node).append('\n'));
        logs.forEach((key, log) ->
                content.append("shard ")
                        .append(key)
                        .append(" log ")
                        .append(log.number())
                        .append(" bytes ")
                        .append(log.bytes())
                        .append(" chain ")
                        .append(Long.toHexString(log.position().chain()))
                        .append(indexIds.containsKey(key) ? " as " + indexIds.get(key) : "")
                        .append('\n'));
        content.append(lastLine(content.toString())).append('\n');
        Path temporary = path.resolveSibling(path.getFileName() + ".new");
        // A stream, not a channel: an interrupt of the caller must not keep it from being written.
        try (FileOutputStream file = new FileOutputStream(temporary.toFile())) {
            file.write(content.toString().getBytes(StandardCharsets.UTF_8));
            Failpoint.MANIFEST_WRITTEN.pass();
            file.getFD().sync();
        }
        SyncedCopy.fileSynced(temporary);
        Failpoint.MANIFEST_SYNCED.pass();
        ShardFiles.replace(temporary, path);
        Failpoint.MANIFEST_REPLACED.pass();
    }

    /** The key of a shard from its directory's name. */
    static Optional<ShardKey> shardKey(String name) {
        if (!SHARD_KEY.matcher(name).matches()) {
            return Optional.empty();
        }
        int dash = name.indexOf('-');
        return Optional.of(
                new ShardKey(
                        Long.parseLong(name.substring(0, dash)),
                        Long.parseLong(name.substring(dash + 1))));
    }

    private static Manifest parse(List<String> lines) {
        Lsn lsn = Lsn.ZERO;
        NodeIdentity identity = null;
        String publication = "";
        Map<ShardKey, DurableLog> logs = new HashMap<>();
        Map<ShardKey, Long> fileNodes = new HashMap<>();
        Map<ShardKey, Long> indexIds = new HashMap<>();
        for (String line : lines.subList(1, lines.size() - 1)) {
            String[] words = line.split(" ", -1);
            switch (words[0]) {
                case "lsn" -> lsn = Lsn.parse(words[1]);
                case "identity" ->
                        identity =
                                new NodeIdentity(
                                        new ServerIdentity(
                                                words[1],
                                                Integer.parseInt(words[2]),
                                                Long.parseLong(words[3]),
                                                TimelineHistory.parseText(words[4])),
                                        words[5]);
                case "publication" -> publication = line.substring(line.indexOf(' ') + 1);
                case "file" -> fileNodes.put(parseKey(words[1]), Long.parseLong(words[2]));
                case "shard" -> {
                    logs.put(
                            parseKey(words[1]),
                            new DurableLog(
                                    Long.parseLong(words[3]),
                                    new LogPosition(
                                            Long.parseLong(words[5]),
                                            Long.parseUnsignedLong(words[7], 16))));
                    if (words.length > 8) {
                        indexIds.put(parseKey(words[1]), Long.parseLong(words[9]));
                    }
                }
                default -> throw new IllegalArgumentException(line);
            }
        }
        return new Manifest(lsn, identity, publication, logs, fileNodes, indexIds);
    }

    private static ShardKey parseKey(String word) {
        return shardKey(word).orElseThrow(IllegalArgumentException::new);
    }

    private static String lastLine(String content) {
        CRC32C crc = new CRC32C();
        crc.update(content.getBytes(StandardCharsets.UTF_8));
        return "crc32c %08x".formatted(crc.getValue());
    }
}
