package io.annexdb.sidecar;

import io.annexdb.sidecar.kernel.AddressCheck;
import io.annexdb.sidecar.memory.NativeRanges;

/** In the kernels' checked mode: they may read what the slabs and buffers have. */
public final class CheckNativeRanges implements AddressCheck {
    /** Made by the service loader. */
    public CheckNativeRanges() {}

    @Override
    public boolean isReadable(long address, long bytes) {
        return NativeRanges.covers(address, bytes);
    }
}
