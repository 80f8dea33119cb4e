package io.annexdb.jdbc;

import org.jspecify.annotations.Nullable;

/** Arguments of the client's methods that must be there. */
final class Given {
    private Given() {}

    /**
     * The argument, which may be null when the caller's compiler has not looked.
     *
     * @throws NullPointerException with the argument's name
     */
    static <T> T nonNull(@Nullable T argument, String name) {
        if (argument == null) {
            throw new NullPointerException("argument " + name + " is null");
        }
        return argument;
    }
}
