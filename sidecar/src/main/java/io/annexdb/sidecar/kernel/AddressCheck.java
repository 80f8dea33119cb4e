package io.annexdb.sidecar.kernel;

/**
 * Knows which native memory may be read. Kernels themselves check nothing; with {@code
 * -Dannex.kernel.checked=true}, as in all tests, {@link CheckedKernel} asks the service of this
 * type before every call.
 */
public interface AddressCheck {
    /** Whether all of so many bytes belong to one owner and are there. */
    boolean isReadable(long address, long bytes);
}
