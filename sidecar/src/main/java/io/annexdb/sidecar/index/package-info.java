/**
 * One vector index per shard: its write face, its read face, log and manifest, applied and durable
 * positions, background linking. Write side and read side of the sidecar meet here and nowhere
 * else. Only values flow back.
 */
@NullMarked
package io.annexdb.sidecar.index;

import org.jspecify.annotations.NullMarked;
