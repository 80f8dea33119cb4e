package io.annexdb.benchmarks.stream;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.ErrorCode;

/**
 * What is streamed.
 *
 * @param seconds how long, 1 to 86,400
 * @param warmUpSeconds how long before that, unmeasured, 0 to 86,400
 * @param rowsPerSecond at which rate; 0 for as fast as it goes
 * @param transactionRows rows of a transaction, 1 to 100,000
 * @param preloadedRows rows in the index before, from 1
 */
record StreamPlan(
        int seconds, int warmUpSeconds, int rowsPerSecond, int transactionRows, int preloadedRows) {
    StreamPlan {
        check("--seconds", seconds, 1, 86_400);
        check("--warm-up", warmUpSeconds, 0, 86_400);
        check("--rate", rowsPerSecond, 0, 10_000_000);
        check("--transaction-rows", transactionRows, 1, 100_000);
        check("--preload", preloadedRows, 1, Integer.MAX_VALUE);
    }

    /** Checks that the data set has rows to stream. */
    void check(int rows) {
        check("--preload", preloadedRows, 1, rows - transactionRows);
    }

    /** Checks that the warm-up has left rows to stream. */
    void checkLeft(int rows) {
        if (rows < transactionRows) {
            throw new AnnexException(
                    ErrorCode.INVALID_PARAMETER_VALUE,
                    "the data set has no rows left after a --warm-up of " + warmUpSeconds + " s",
                    "Give a larger data set, a lower --rate, or --warm-up 0.");
        }
    }

    private static void check(String name, int value, int least, int most) {
        if (value < least || value > most) {
            throw new AnnexException(
                    ErrorCode.INVALID_PARAMETER_VALUE,
                    name + " is " + value,
                    "It goes from %,d to %,d with this data set.".formatted(least, most));
        }
    }
}
