package io.annexdb.sidecar.memory;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Locale;

/**
 * Priorities of threads, of the operating system: Java's own do nothing unless the JVM runs with
 * rights that a server should not have.
 */
public final class ThreadPriority {
    private static final Logger LOG = LoggerFactory.getLogger(ThreadPriority.class);
    private static final int PRIO_PROCESS = 0;
    private static final int THIS_THREAD = 0;

    /** A third of the weight of a usual thread. */
    private static final int NICE = 5;

    private ThreadPriority() {}

    /**
     * Lets others go first where processors are short, for the rest of the calling thread's life.
     * On Linux, where each thread has a nice value; elsewhere it would be the whole process's.
     */
    public static void lower() {
        if (!System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("linux")) {
            return;
        }
        MethodHandle setPriority =
                Pages.call(
                        "setpriority",
                        FunctionDescriptor.of(
                                ValueLayout.JAVA_INT,
                                ValueLayout.JAVA_INT,
                                ValueLayout.JAVA_INT,
                                ValueLayout.JAVA_INT));
        try {
            int failed = (int) setPriority.invokeExact(PRIO_PROCESS, THIS_THREAD, NICE);
            LOG.debug("nice {}: {}", NICE, failed == 0 ? "set" : "refused");
        } catch (Throwable e) {
            throw Pages.rethrow(e);
        }
    }
}
