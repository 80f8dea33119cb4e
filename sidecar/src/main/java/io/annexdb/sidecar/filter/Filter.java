package io.annexdb.sidecar.filter;

import io.annexdb.sidecar.model.IncludedColumn;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * A filter that was parsed for an index's included columns. Immutable, for any number of shards.
 */
public final class Filter {
    private final List<IncludedColumn> included;
    private final Condition condition;
    private final Set<Integer> columns;

    Filter(List<IncludedColumn> included, Condition condition) {
        this.included = included;
        this.condition = condition;
        this.columns = new TreeSet<>();
        collect(condition);
    }

    /** The definition that it was parsed for; it has no meaning for another. */
    public List<IncludedColumn> included() {
        return included;
    }

    Condition condition() {
        return condition;
    }

    /** The columns that it reads. */
    Set<Integer> columns() {
        return columns;
    }

    private void collect(Condition part) {
        switch (part) {
            case Condition.Constant constant -> {}
            case Condition.And and -> and.parts().forEach(this::collect);
            case Condition.Or or -> or.parts().forEach(this::collect);
            case Condition.Not not -> collect(not.negated());
            case Condition.IsKnown known -> collect(known.judged());
            case Condition.IsTrue truth -> collect(truth.judged());
            case Condition.IsNull test -> columns.add(test.column());
            case Condition.NumberIn test -> columns.add(test.column());
            case Condition.ValueIs test -> columns.add(test.column());
        }
    }
}
