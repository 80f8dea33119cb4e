package io.annexdb.sidecar.ivfpq;

import io.annexdb.sidecar.kernel.CodeKernel;
import io.annexdb.sidecar.memory.NativeBuffer;

/** What one search needs; used again and again. */
final class SearchRoom {
    final NativeBuffer point;
    final NativeBuffer products;
    final NativeBuffer tables;

    /** Tables in bytes, for the scan of 4-bit codes. */
    final NativeBuffer bytes;

    final NativeBuffer estimates = new NativeBuffer(CodeKernel.BLOCK * 4L);
    final NearestPool pool = new NearestPool();
    final NearestPool probes = new NearestPool();

    SearchRoom(Model model) {
        point = new NativeBuffer(model.pointFloats() * 4L);
        products = new NativeBuffer((long) model.coarse().groups() * CodeKernel.GROUP * 4);
        tables = new NativeBuffer((long) model.books().segments() * model.books().codes() * 4);
        bytes = new NativeBuffer(model.columns() * 2L * CodeKernel.TABLE + CodeKernel.BLOCK);
    }
}
