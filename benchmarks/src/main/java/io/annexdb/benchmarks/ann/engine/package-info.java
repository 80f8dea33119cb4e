/**
 * The engines that are compared, each in a process of its own, so that none suffers from what
 * another has taught the JIT compiler, and memory can be told apart. A process is spoken to in
 * lines over its standard streams ({@link io.annexdb.benchmarks.ann.engine.Message}); the C++
 * driver speaks the same. It answers with the rows found and the times taken: recall is judged by
 * the caller.
 */
@NullMarked
package io.annexdb.benchmarks.ann.engine;

import org.jspecify.annotations.NullMarked;
