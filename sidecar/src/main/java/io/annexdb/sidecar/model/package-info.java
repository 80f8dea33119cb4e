/**
 * Values that travel between the packages: positions, keys, definitions, errors. They hold no
 * threads, no clocks and no I/O, and import nothing of the project.
 */
@NullMarked
package io.annexdb.sidecar.model;

import org.jspecify.annotations.NullMarked;
