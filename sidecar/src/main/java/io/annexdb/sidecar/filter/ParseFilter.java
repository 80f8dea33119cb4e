package io.annexdb.sidecar.filter;

import io.annexdb.sidecar.model.AnnexException;
import io.annexdb.sidecar.model.AttributeType;
import io.annexdb.sidecar.model.IncludedColumn;

import net.sf.jsqlparser.expression.BooleanValue;
import net.sf.jsqlparser.expression.Expression;
import net.sf.jsqlparser.expression.Function;
import net.sf.jsqlparser.expression.NotExpression;
import net.sf.jsqlparser.expression.NullValue;
import net.sf.jsqlparser.expression.operators.conditional.AndExpression;
import net.sf.jsqlparser.expression.operators.conditional.OrExpression;
import net.sf.jsqlparser.expression.operators.relational.Between;
import net.sf.jsqlparser.expression.operators.relational.ComparisonOperator;
import net.sf.jsqlparser.expression.operators.relational.DoubleAnd;
import net.sf.jsqlparser.expression.operators.relational.ExpressionList;
import net.sf.jsqlparser.expression.operators.relational.InExpression;
import net.sf.jsqlparser.expression.operators.relational.IsBooleanExpression;
import net.sf.jsqlparser.expression.operators.relational.IsNullExpression;
import net.sf.jsqlparser.expression.operators.relational.IsUnknownExpression;
import net.sf.jsqlparser.expression.operators.relational.JsonOperator;
import net.sf.jsqlparser.expression.operators.relational.LikeExpression;
import net.sf.jsqlparser.expression.operators.relational.ParenthesedExpressionList;
import net.sf.jsqlparser.parser.CCJSqlParser;
import net.sf.jsqlparser.parser.CCJSqlParserConstants;
import net.sf.jsqlparser.parser.ParseException;
import net.sf.jsqlparser.parser.TokenMgrException;
import net.sf.jsqlparser.schema.Column;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * From a filter's text to conditions. The parser's grammar is that of many databases: so only
 * expressions are taken whose operands are columns and constants, where it cannot group otherwise
 * than PostgreSQL does. PostgreSQL has parsed the filter before and found it valid.
 */
public final class ParseFilter {
    /** What PostgreSQL does not take for a column when it is not quoted. */
    private static final Set<String> NOT_COLUMNS =
            Set.of(
                    "current_catalog",
                    "current_date",
                    "current_role",
                    "current_schema",
                    "current_time",
                    "current_timestamp",
                    "current_user",
                    "default",
                    "localtime",
                    "localtimestamp",
                    "session_user",
                    "system_user",
                    "user");

    private final List<IncludedColumn> included;
    private final Set<String> usable;
    private final CompareColumn compare;

    private ParseFilter(List<IncludedColumn> included, Set<String> usable, boolean utc) {
        this.included = included;
        this.usable = usable;
        this.compare = new CompareColumn(included, utc);
    }

    /**
     * Parses a filter.
     *
     * @param included the columns of the index, by which conditions number them
     * @param usable names of those that the filter may use
     * @param utc whether timestamps without a zone are in UTC
     * @throws AnnexException FILTER_NOT_EVALUABLE when the filter is to be left to PostgreSQL
     */
    public static Filter parse(
            String text, List<IncludedColumn> included, Set<String> usable, boolean utc) {
        CheckText.check(text);
        ParseFilter parse = new ParseFilter(included, usable, utc);
        try {
            return new Filter(included, parse.condition(expression(text)));
        } catch (StackOverflowError e) {
            // The parser descends for each CASE, of which nobody counts the depth.
            throw Refusal.because("it nests too deeply");
        }
    }

    private static Expression expression(String text) {
        try {
            CCJSqlParser parser = new CCJSqlParser(text);
            Expression expression = parser.Expression();
            if (parser.getNextToken().kind != CCJSqlParserConstants.EOF) {
                throw Refusal.because("something follows what can be read of it");
            }
            return expression;
        } catch (ParseException | TokenMgrException e) {
            throw Refusal.because("it cannot be read");
        }
    }

    private Condition condition(Expression expression) {
        return switch (expression) {
            case AndExpression and -> new Condition.And(parts(and));
            case OrExpression or -> new Condition.Or(parts(or));
            case NotExpression not -> not(not);
            case ParenthesedExpressionList<?> one -> condition(only(one));
            case IsNullExpression test -> isNull(test);
            case IsBooleanExpression test -> isBoolean(test);
            case IsUnknownExpression test ->
                    negated(!test.isNot(), new Condition.IsKnown(atom(test.getLeftExpression())));
            case InExpression in -> in(in);
            case Between between -> between(between);
            case LikeExpression like -> like(like);
            case DoubleAnd overlap ->
                    arrays("&&", overlap.getLeftExpression(), overlap.getRightExpression());
            case JsonOperator operator ->
                    arrays(
                            operator.getStringExpression(),
                            operator.getLeftExpression(),
                            operator.getRightExpression());
            case ComparisonOperator comparison -> comparison(comparison);
            case BooleanValue constant ->
                    constant.getValue() ? Condition.Constant.TRUE : Condition.Constant.FALSE;
            case NullValue unknown -> Condition.Constant.UNKNOWN;
            case Column column -> isTrue(column(column));
            default -> throw other(expression);
        };
    }

    /** A long chain leans to the left; it is walked, not climbed. */
    private List<Condition> parts(AndExpression and) {
        List<Condition> parts = new ArrayList<>();
        Expression rest = and;
        while (rest instanceof AndExpression next) {
            if (next.isUseOperator()) {
                throw Refusal.because("it has the operator && between conditions");
            }
            parts.add(condition(next.getRightExpression()));
            rest = next.getLeftExpression();
        }
        parts.add(condition(rest));
        Collections.reverse(parts);
        return List.copyOf(parts);
    }

    private List<Condition> parts(OrExpression or) {
        List<Condition> parts = new ArrayList<>();
        Expression rest = or;
        while (rest instanceof OrExpression next) {
            parts.add(condition(next.getRightExpression()));
            rest = next.getLeftExpression();
        }
        parts.add(condition(rest));
        Collections.reverse(parts);
        return List.copyOf(parts);
    }

    private Condition not(NotExpression not) {
        if (not.isExclamationMark()) {
            throw Refusal.because("it has the operator !");
        }
        return new Condition.Not(condition(not.getExpression()));
    }

    private static Expression only(ExpressionList<?> list) {
        if (list.size() != 1) {
            throw Refusal.because("it compares rows");
        }
        return list.get(0);
    }

    private Condition isNull(IsNullExpression test) {
        Expression left = test.getLeftExpression();
        // IS NOT NULL is the one, NOTNULL the other.
        boolean isNot = test.isNot() || test.isUseNotNull();
        return left instanceof Column column
                ? negated(isNot, new Condition.IsNull(column(column)))
                : negated(!isNot, new Condition.IsKnown(atom(left)));
    }

    private Condition isBoolean(IsBooleanExpression test) {
        Condition judged = atom(test.getLeftExpression());
        Condition wanted = test.isTrue() ? judged : new Condition.Not(judged);
        return negated(test.isNot(), new Condition.IsTrue(wanted));
    }

    /** What no operator can have taken apart: a column, or something in parentheses. */
    private Condition atom(Expression expression) {
        if (expression instanceof Column || expression instanceof ParenthesedExpressionList<?>) {
            return condition(expression);
        }
        throw other(expression);
    }

    private static Condition negated(boolean negate, Condition condition) {
        return negate ? new Condition.Not(condition) : condition;
    }

    private Condition isTrue(int column) {
        if (included.get(column).type() != AttributeType.BOOLEAN) {
            throw Refusal.because("column \"" + included.get(column).name() + "\" is no condition");
        }
        return new Condition.NumberIn(column, NumberSet.range(1, 1));
    }

    private Condition in(InExpression in) {
        if (!(in.getRightExpression() instanceof ParenthesedExpressionList<?> list)
                || in.isGlobal()) {
            throw other(in);
        }
        List<Literal> literals = new ArrayList<>();
        for (Expression each : list) {
            literals.add(literal(each));
        }
        return negated(
                in.isNot(), compare.in(columnOf(in.getLeftExpression()), List.copyOf(literals)));
    }

    private Condition between(Between between) {
        if (between.isUsingSymmetric() || between.isUsingAsymmetric()) {
            throw other(between);
        }
        int column = columnOf(between.getLeftExpression());
        Condition least =
                compare.compare(
                        column, Comparison.AT_LEAST, value(between.getBetweenExpressionStart()));
        Condition most =
                compare.compare(
                        column, Comparison.AT_MOST, value(between.getBetweenExpressionEnd()));
        return negated(between.isNot(), new Condition.And(List.of(least, most)));
    }

    private Condition like(LikeExpression like) {
        boolean plain =
                like.getLikeKeyWord() == LikeExpression.KeyWord.LIKE
                        && like.getEscape() == null
                        && !like.isUseBinary();
        if (!plain) {
            throw other(like);
        }
        return negated(
                like.isNot(),
                compare.like(columnOf(like.getLeftExpression()), value(like.getRightExpression())));
    }

    private Condition arrays(String operator, Expression left, Expression right) {
        if (left instanceof Column column) {
            return compare.arrays(column(column), operator, value(right));
        }
        String mirrored =
                switch (operator) {
                    case "@>" -> "<@";
                    case "<@" -> "@>";
                    default -> operator;
                };
        return compare.arrays(columnOf(right), mirrored, value(left));
    }

    private Condition comparison(ComparisonOperator comparison) {
        Expression left = comparison.getLeftExpression();
        Expression right = comparison.getRightExpression();
        Comparison operator = Comparison.of(comparison.getStringExpression());
        if (right instanceof Function any) {
            return any(operator, left, any);
        }
        return left instanceof Column column
                ? compare.compare(column(column), operator, value(right))
                : compare.compare(columnOf(right), operator.mirrored(), value(left));
    }

    private Condition any(Comparison operator, Expression left, Function any) {
        ExpressionList<?> parameters = any.getParameters();
        String name = any.getName().toLowerCase(Locale.ROOT);
        boolean plain =
                operator == Comparison.EQUAL
                        && (name.equals("any") || name.equals("some"))
                        && parameters != null
                        && parameters.size() == 1
                        && any.toString().equals(any.getName() + "(" + parameters + ")");
        if (!plain) {
            throw other(any);
        }
        Expression array = parameters.get(0);
        return array instanceof Column column
                ? compare.hasElement(column(column), value(left))
                : compare.equalsAny(columnOf(left), value(array));
    }

    private int columnOf(Expression expression) {
        if (expression instanceof Column column) {
            return column(column);
        }
        throw other(expression);
    }

    private int column(Column column) {
        String written = column.getColumnName();
        boolean quoted = written.startsWith("\"");
        String name =
                quoted
                        ? written.substring(1, written.length() - 1).replace("\"\"", "\"")
                        : written.toLowerCase(Locale.ROOT);
        boolean plain =
                column.getTable() == null
                        && column.getArrayConstructor() == null
                        && (quoted || !NOT_COLUMNS.contains(name));
        if (plain && usable.contains(name)) {
            for (int i = 0; i < included.size(); i++) {
                if (included.get(i).name().equals(name)) {
                    return i;
                }
            }
        }
        throw Refusal.because("\"" + column + "\" is not an included column");
    }

    private static Literal literal(Expression expression) {
        return ReadLiteral.of(expression).orElseThrow(() -> other(expression));
    }

    /** A literal that is not NULL: how those compare is a setting of the session. */
    private static Literal value(Expression expression) {
        Literal literal = literal(expression);
        if (literal == Literal.Null.NULL) {
            throw Refusal.because("it compares with NULL");
        }
        return literal;
    }

    private static AnnexException other(@Nullable Expression expression) {
        return Refusal.because(
                "it has a "
                        + (expression == null ? "gap" : expression.getClass().getSimpleName())
                        + ", which is not a comparison of a column with constants");
    }
}
