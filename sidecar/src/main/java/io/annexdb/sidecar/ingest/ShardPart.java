package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.replication.BlockRange;

/** What one connection of a copy reads at a time: some blocks of a shard's table. */
record ShardPart(ShardCopy shard, BlockRange blocks) {}
