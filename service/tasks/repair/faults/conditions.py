"""Faults of choosing rows: conditions that are wrong, misplaced, or forgotten."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from sqlglot import exp

from ....core.schema import Schema
from ...databases.lexicon import Lexicon
from ..fault import Broken, Fault
from ..reading import (
    aggregates,
    comparisons,
    conjoined,
    group_keys,
    has_aggregate,
    having,
    selects,
    set_having,
    set_where,
    texts,
    where,
    without,
)

_OFF_BY_ONE: dict[type[exp.Expr], type[exp.Binary]] = {
    exp.GT: exp.GTE,
    exp.GTE: exp.GT,
    exp.LT: exp.LTE,
    exp.LTE: exp.LT,
}
_TURNED: dict[type[exp.Expr], type[exp.Binary]] = {
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
}


def _forgotten_condition(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = [(select, part) for select in selects(statement) for part in where(select)]
    if not sites:
        return None
    select, part = rng.choice(sites)
    set_where(select, without(where(select), part))
    return statement


def _recast(statement: exp.Expr, rng: Random, others: dict[type[exp.Expr], type[exp.Binary]]) -> Broken:
    sites = [node for node in comparisons(statement) if type(node) in others]
    if not sites:
        return None
    node = rng.choice(sites)
    node.replace(others[type(node)](this=node.left.copy(), expression=node.right.copy()))
    return statement


def _bound_off_by_one(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    return _recast(statement, rng, _OFF_BY_ONE)


def _turned_comparison(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    return _recast(statement, rng, _TURNED)


def _or_for_and(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = [select for select in selects(statement) if len(where(select)) > 1]
    if not sites:
        return None
    select = rng.choice(sites)
    parts = where(select)
    whole = exp.Or(this=parts[0].copy(), expression=parts[1].copy())
    rest = conjoined(parts[2:])
    select.set("where", exp.Where(this=exp.And(this=whole, expression=rest) if rest else whole))
    return statement


def _lost_parentheses(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    """`a AND (b OR c)`, or `a AND b IN (…)` spelt out with OR, without its parentheses."""
    sites = [
        (select, part)
        for select in selects(statement)
        for part in where(select)
        if isinstance(part, exp.In) and len(part.expressions) > 1 and len(where(select)) > 1
    ]
    if not sites:
        return None
    select, part = rng.choice(sites)
    rest = conjoined(without(where(select), part))
    first, *others = (exp.EQ(this=part.this.copy(), expression=each.copy()) for each in part.expressions)
    whole: exp.Expr = exp.And(this=rest, expression=first)
    for other in others:
        whole = exp.Or(this=whole, expression=other)
    select.set("where", exp.Where(this=whole))
    return statement


def _equals_null(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = [node for node in statement.find_all(exp.Is) if isinstance(node.expression, exp.Null)]
    if not sites:
        return None
    node = rng.choice(sites)
    negated = node.parent if isinstance(node.parent, exp.Not) else None
    compared = (exp.NEQ if negated else exp.EQ)(this=node.this.copy(), expression=exp.null())
    (negated or node).replace(compared)
    return statement


def _null_as_text(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = [node for node in statement.find_all(exp.Is) if isinstance(node.expression, exp.Null)]
    if not sites:
        return None
    node = rng.choice(sites)
    negated = node.parent if isinstance(node.parent, exp.Not) else None
    text = exp.Literal.string(rng.choice(("", "NULL")))
    (negated or node).replace((exp.NEQ if negated else exp.EQ)(this=node.this.copy(), expression=text))
    return statement


def _not_in_with_nulls(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    """Writes an anti-join as NOT IN over a column that may be NULL."""
    sites = []
    for node in statement.find_all(exp.Not):
        inner = node.this.this if isinstance(node.this, exp.Exists) else None
        if isinstance(inner, exp.Select) and not inner.args.get("joins"):
            own = inner.args["from_"].this.alias_or_name
            for part in where(inner):
                if isinstance(part, exp.EQ):
                    for mine, other in ((part.left, part.right), (part.right, part.left)):
                        if (
                            isinstance(mine, exp.Column)
                            and mine.table == own
                            and isinstance(other, exp.Column)
                        ):
                            sites.append((node, inner, part, mine, other))
    if not sites:
        return None
    node, inner, part, mine, other = rng.choice(sites)
    inner = inner.copy()
    rest = [each for each in where(inner) if each.sql() != part.sql()]
    set_where(inner, rest)
    inner.set("expressions", [mine.copy()])
    node.replace(exp.Not(this=exp.In(this=other.copy(), query=exp.Subquery(this=inner))))
    return statement


def _other_case(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = [each for each in texts(statement) if each.name.isalpha() or " " in each.name.strip()]
    sites = [each for each in sites if each.name.swapcase() != each.name]
    if not sites:
        return None
    node = rng.choice(sites)
    name = node.name
    others = [each for each in (name.lower(), name.upper(), name.capitalize()) if each != name]
    node.replace(exp.Literal.string(rng.choice(others)))
    return statement


def _stray_space(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = list(texts(statement))
    if not sites:
        return None
    node = rng.choice(sites)
    node.replace(exp.Literal.string(f"{node.name} " if rng.random() < 0.7 else f" {node.name}"))
    return statement


def _other_date_format(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = [(node, day) for node in statement.find_all(exp.Literal) if (day := _day(node))]
    if not sites:
        return None
    node, day = rng.choice(sites)
    shape = rng.choice(("%d.%m.%Y", "%m/%d/%Y", "%Y/%m/%d", "%d/%m/%Y"))
    node.replace(exp.Literal.string(day.strftime(shape)))
    return statement


def _day_off_by_one(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = [(node, day) for node in statement.find_all(exp.Literal) if (day := _day(node))]
    if not sites:
        return None
    node, day = rng.choice(sites)
    node.replace(exp.Literal.string((day + timedelta(rng.choice((-1, 1)))).isoformat()))
    return statement


def _day(node: exp.Literal) -> date | None:
    try:
        return date.fromisoformat(node.name) if node.is_string and len(node.name) == 10 else None
    except ValueError:
        return None


def _wrong_date_part(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    others = {"%Y-%m": "%Y-%M", "%Y": "%y", "%m": "%M", "%w": "%W", "%d": "%D"}
    sites = [node for node in statement.find_all(exp.Literal) if node.is_string and node.name in others]
    if not sites:
        return None
    name = rng.choice(sites).name
    for node in sites:
        if node.name == name:
            node.replace(exp.Literal.string(others[name]))
    return statement


def _date_part_as_number(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    """Compares strftime's text with a number, which is never equal to it."""
    sites = [
        node
        for node in statement.find_all(exp.EQ)
        if isinstance(node.right, exp.Literal)
        and node.right.is_string
        and node.right.name.isdigit()
        and isinstance(node.left, exp.TimeToStr | exp.Anonymous)
    ]
    if not sites:
        return None
    node = rng.choice(sites)
    node.right.replace(exp.Literal.number(int(node.right.name)))
    return statement


def _aggregate_in_where(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = [select for select in selects(statement) if any(map(has_aggregate, having(select)))]
    if not sites:
        return None
    select = rng.choice(sites)
    moved = having(select)
    set_having(select, [])
    set_where(select, [*where(select), *moved])
    return statement


def _having_for_where(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    """Filters groups instead of rows: the condition sees one row of each group."""
    sites = [
        (select, part)
        for select in selects(statement)
        if group_keys(select) and aggregates(select)
        for part in where(select)
        if not part.find(exp.Select)
    ]
    if not sites:
        return None
    select, part = rng.choice(sites)
    set_where(select, without(where(select), part))
    set_having(select, [*having(select), part])
    return statement


def _forgotten_having(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = [select for select in selects(statement) if having(select)]
    if not sites:
        return None
    set_having(rng.choice(sites), [])
    return statement


def _lost_correlation(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    """Drops the condition that ties a sub-query to the row around it."""
    sites = []
    for select in selects(statement):
        if select.find_ancestor(exp.Select) is None or select.args.get("from_") is None:
            continue
        own = {node.alias_or_name for node in select.find_all(exp.Table)}
        for part in where(select):
            tables = {each.table for each in part.find_all(exp.Column)}
            if tables - own - {""} and tables & own:
                sites.append((select, part))
    if not sites:
        return None
    select, part = rng.choice(sites)
    set_where(select, without(where(select), part))
    return statement


def _negation_lost(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = list(statement.find_all(exp.Not))
    if not sites:
        return None
    node = rng.choice(sites)
    node.replace(node.this.copy())
    return statement


def _bounds_turned(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = list(statement.find_all(exp.Between))
    if not sites:
        return None
    node = rng.choice(sites)
    low, high = node.args["low"].copy(), node.args["high"].copy()
    node.set("low", high)
    node.set("high", low)
    return statement


def _wildcard_lost(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    """Looks for a text with the pattern's sign in it, or for the whole text where a part was meant."""
    sites = [node for node in statement.find_all(exp.Like) if isinstance(node.expression, exp.Literal)]
    if not sites:
        return None
    node = rng.choice(sites)
    bare = exp.Literal.string(node.expression.name.strip("%"))
    if rng.random() < 0.5:
        node.set("expression", bare)
    else:
        node.replace(exp.EQ(this=node.this.copy(), expression=node.expression.copy()))
    return statement


def _number_as_text(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    """Quotes a number that a computed figure is compared with; a text is greater than every number."""
    sites = [
        node
        for node in comparisons(statement)
        if isinstance(node.right, exp.Literal) and not node.right.is_string and has_aggregate(node.left)
    ]
    if not sites:
        return None
    node = rng.choice(sites)
    node.right.replace(exp.Literal.string(node.right.name))
    return statement


FAULTS = (
    Fault(
        "forgotten_condition",
        "missing_filter",
        "One of several conditions of the question never makes it into WHERE.",
        1,
        _forgotten_condition,
    ),
    Fault(
        "bound_off_by_one",
        "wrong_bound",
        "More than is written as at least, or a last day is left out: the commonest slip at a bound.",
        2,
        _bound_off_by_one,
    ),
    Fault(
        "turned_comparison",
        "wrong_bound",
        "The sign of a comparison is turned round, as happens when a condition is rewritten the other way.",
        1,
        _turned_comparison,
    ),
    Fault(
        "day_off_by_one",
        "wrong_bound",
        "A day is counted wrongly when a range is put into two dates.",
        2,
        _day_off_by_one,
    ),
    Fault(
        "bounds_turned",
        "wrong_bound",
        "BETWEEN gets its greater bound first, as it was spoken, and then finds nothing.",
        1,
        _bounds_turned,
    ),
    Fault(
        "or_for_and",
        "wrong_logic",
        "Spoken language says and where conditions exclude, or where they add up; the query takes the other.",
        1,
        _or_for_and,
    ),
    Fault(
        "lost_parentheses",
        "wrong_logic",
        "AND binds more strongly than OR, so alternatives without parentheses escape the other conditions.",
        2,
        _lost_parentheses,
        ("I wrote the list out so that it can be read better.",),
    ),
    Fault(
        "negation_lost",
        "wrong_logic",
        "A NOT is lost when a condition is copied from a report on the opposite.",
        1,
        _negation_lost,
        ("It was made from the report on the opposite.",),
    ),
    Fault(
        "equals_null",
        "null_comparison",
        "NULL is compared by = or <>, which is never true.",
        1,
        _equals_null,
    ),
    Fault(
        "null_as_text",
        "null_comparison",
        "What is not there is looked for as an empty text or as the word NULL.",
        1,
        _null_as_text,
    ),
    Fault(
        "not_in_with_nulls",
        "null_comparison",
        "NOT IN over a column with a NULL in it gives no row at all.",
        2,
        _not_in_with_nulls,
        ("Somebody found the old form hard to read and rewrote it.",),
        weight=2.0,
    ),
    Fault(
        "other_case",
        "text_match",
        "A value is typed with other capitals than the data has; SQLite's = tells them apart.",
        1,
        _other_case,
    ),
    Fault(
        "stray_space",
        "text_match",
        "A space is pasted along with a value.",
        2,
        _stray_space,
        ("I pasted the value from a spreadsheet.",),
    ),
    Fault(
        "wildcard_lost",
        "text_match",
        "The sign for any letters is forgotten, or put where it is taken at its word.",
        1,
        _wildcard_lost,
    ),
    Fault(
        "number_as_text",
        "type_mismatch",
        "A number in quotes is a text, which SQLite puts behind every number that is computed.",
        2,
        _number_as_text,
        ("The number is filled in by a form now.",),
    ),
    Fault(
        "other_date_format",
        "date_format",
        "A date is written as it is spoken at home, while the data has ISO texts that compare as such.",
        1,
        _other_date_format,
    ),
    Fault(
        "wrong_date_part",
        "date_format",
        "strftime's letters are mixed up: %M is minutes, %W the week, %y nothing.",
        1,
        _wrong_date_part,
    ),
    Fault(
        "date_part_as_number",
        "date_format",
        "strftime gives a text, and '2024' is not the number 2024.",
        2,
        _date_part_as_number,
    ),
    Fault(
        "aggregate_in_where",
        "where_having",
        "A condition on a group's figure is put into WHERE, which sees single rows.",
        0,
        _aggregate_in_where,
    ),
    Fault(
        "having_for_where",
        "where_having",
        "A condition on rows is put into HAVING, after the groups were made of all of them.",
        2,
        _having_for_where,
    ),
    Fault(
        "forgotten_having",
        "where_having",
        "The groups are right, but the condition on their figure was forgotten.",
        1,
        _forgotten_having,
    ),
    Fault(
        "lost_correlation",
        "lost_correlation",
        "A sub-query is copied without the condition that ties it to the row around it.",
        2,
        _lost_correlation,
        ("The inner part was tested by itself and worked.",),
    ),
)
