package io.annexdb.sidecar.ivfpq;

import io.annexdb.sidecar.memory.NativeBuffer;

/** What one thread needs to append a batch of rows; used again and again. */
final class AppendRoom {
    /** Rows of a batch. */
    static final int ROWS = 64;

    final NativeBuffer points;
    final int[] slots = new int[ROWS];
    final int[] lists = new int[ROWS];
    final int[][] codes;
    final byte[] code;

    AppendRoom(Model model) {
        points = new NativeBuffer(4L * ROWS * model.pointFloats());
        codes = new int[model.books().segments()][ROWS];
        code = new byte[model.columns()];
    }
}
