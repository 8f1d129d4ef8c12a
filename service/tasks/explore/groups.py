"""Questions about groups: a number for each, groups of a certain size, values that occur more than once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from random import Random

from ...core.observation import SHOWN_ROWS
from ..databases.lexicon import ColumnWords, Role
from ..ground import Ground
from .amounts import measure, said_of, unused
from .conditions import drawn, holding, is_date, narrowed, narrowed_often, sayable, told
from .english import spelt
from .intent import Intent
from .population import Population, plural_of
from .statement import Select, joined, literal, nested
from .wording import Naming, Shape, intent, naming


def per_category(ground: Ground, rng: Random) -> Intent | None:
    """A count or an aggregate for each value of a category."""
    depth = rng.choice((0, 0, 0, 1, 2))
    population = drawn(ground, rng, own=(0, 2), depth=depth, least=8, roles=(Role.CATEGORY,))
    columns = unused(population, Role.CATEGORY) if population else []
    if population is None or not columns:
        return None
    words = rng.choice(columns)
    cell = population.column(words.column)
    if not 2 <= len(population.spread(words.column)) <= SHOWN_ROWS - 1:
        return None
    rows, aside = population.rows, ""
    if population.has_missing(words.column):
        if rng.random() < 0.6:
            rows, aside = (
                rows.also(f"{cell} IS NOT NULL"),
                f" Leave out those whose {words.phrase} is unknown.",
            )
        else:
            aside = f" Those whose {words.phrase} is unknown make a group of their own, NULL."
    told, sql = _number(population, rng)
    family = "group" if not population.rows.joins else "join_group"
    return intent(
        family,
        ground,
        replace(rows, columns=(cell, sql), group=(cell,)),
        (
            f"For each {words.phrase}, what is the {told}?{aside} Give {words.phrase} and number.",
            f"Show each {words.phrase} with the {told}.{aside}",
            f"Give the {told}, by {words.phrase}, as rows of {words.phrase} and number.{aside}",
        ),
        (f"each {words.phrase} with the {told}{_aside(aside)}",),
        Shape.TABLE,
    )


def _aside(sentence: str) -> str:
    text = sentence.strip().rstrip(".")
    return f" ({text[0].lower()}{text[1:]})" if text else ""


def _number(population: Population, rng: Random, *, extremes: bool = True) -> tuple[str, str]:
    """Gives the words and the SQL of a number of a group: "number of orders", "average fee of the orders"."""
    columns = unused(population, Role.AMOUNT, Role.LEVEL)
    if not columns or rng.random() < 0.45:
        return f"number of {population.many}", "count(*)"
    words = rng.choice(columns)
    cell = population.column(words.column)
    kinds = [("average", "avg"), *((("highest", "max"), ("lowest", "min")) if extremes else ())]
    if words.role is Role.AMOUNT:
        kinds += [("total", "sum"), ("total", "sum")]
    word, function = rng.choice(kinds)
    return f"{word} {measure(words)} of the {population.many}", f"{function}({cell})"


def having(ground: Ground, rng: Random) -> Intent | None:
    """The values of a category that occur often enough, or seldom enough."""
    population = drawn(ground, rng, own=(1, 2), depth=rng.choice((0, 0, 1)), least=8, roles=(Role.CATEGORY,))
    columns = unused(population, Role.CATEGORY) if population else []
    if population is None or not columns:
        return None
    words = rng.choice(columns)
    cell, many = population.column(words.column), population.many
    counts = sorted({count for _, count in population.spread(words.column)})
    if len(counts) < 3:
        return None
    rows, aside = population.rows, ""
    if population.has_missing(words.column):
        rows, aside = rows.also(f"{cell} IS NOT NULL"), " Unknown ones do not count."
    size = _size(counts, rng, _SIZES)
    if size is None:
        return None
    sign, word, bound = size
    told = word.replace("{}", spelt(bound))
    nouns = plural_of(words)
    sql = replace(rows, columns=(cell,), group=(cell,), having=(f"count(*) {sign} {bound}",))
    return intent(
        "having",
        ground,
        sql,
        (
            f"Which {nouns} occur {told} times among the {many}?{aside}",
            f"List the {nouns} that {told} of the {many} share.{aside}",
            f"Among the {many}, which {nouns} are found {told} times?{aside}",
        ),
        (f"the {nouns} that occur {told} times among the {many}",),
        Shape.LIST,
    )


_SIZES = ((">=", "at least {}"), (">", "more than {}"), ("<=", "at most {}"), ("<", "fewer than {}"))


def _size(
    counts: Sequence[int], rng: Random, sizes: Sequence[tuple[str, str]]
) -> tuple[str, str, int] | None:
    """Draws a sign with its words, and a bound for the size of a group that shows when it is off by one.

    That is so between sizes that follow each other; None where there are none.
    """
    below = [lower for lower, upper in pairwise(counts) if upper == lower + 1]
    if not below:
        return None
    last = rng.choice(below)
    sign, word = rng.choice(sizes)
    return sign, word, last if sign in (">", "<=") else last + 1


def children_having(ground: Ground, rng: Random) -> Intent | None:
    """The parents that have so many children, or how many such parents there are."""
    found = _family(ground, rng)
    if found is None:
        return None
    parent, child, name, pairs = found
    keys = tuple(right for _, right in pairs)
    if rng.random() < 0.6:
        child = narrowed(child, rng, least=6, bounds=False) or child
    sql = replace(
        child.rows,
        joins=(joined(parent.words.table, parent.alias, [(p, c) for c, p in pairs]), *child.rows.joins),
        where=(*parent.rows.where, *child.rows.where),
        group=keys,
    )
    counts = sorted({row[0] for row in child.read(sql.with_columns("count(*)")) if isinstance(row[0], int)})
    if len(counts) < 3:
        return None
    size = _size(counts[len(counts) // 2 - 1 :], rng, _SIZES[:2]) or _size(counts, rng, _SIZES[:2])
    if size is None:
        return None
    sign, word, bound = size
    told = f"{word.replace('{}', spelt(bound))} {child.many if bound != 1 else child.one}"
    parents = parent.words.plural

    link_words = _link_of(ground, parent, child)
    phrase = f"{parents} {link_words.replace('{}', told)}" if link_words else f"{parents} with {told}"

    if len(name.columns) > 1 or rng.random() < 0.35:
        inner = replace(sql, columns=("1",), having=(f"count(*) {sign} {bound}",))
        return intent(
            "having_children",
            ground,
            f"SELECT count(*)\nFROM {nested(inner)}",
            (
                f"How many {phrase} are there?",
                f"Count the {phrase}.",
                f"What is the number of {phrase}?",
            ),
            (f"the number of {phrase}",),
        )
    return intent(
        "having_children",
        ground,
        replace(sql, columns=name.columns, having=(f"count(*) {sign} {bound}",)),
        (
            f"List the {name.nouns} of all {phrase}.",
            f"Which {phrase} are there? Give their {name.nouns}.",
            f"Give the {name.nouns} of the {phrase}.",
        ),
        (f"the {name.nouns} of the {phrase}",),
        Shape.LIST,
    )


def _link_of(ground: Ground, parent: Population, child: Population) -> str:
    links = [x for x in ground.children(parent.words.table) if x.child == child.words.table]
    return links[0].having if len(links) == 1 else ""


def _family(
    ground: Ground, rng: Random
) -> tuple[Population, Population, Naming, list[tuple[str, str]]] | None:
    """Draws parents that can be named and their children, with the pairs of columns (child's, parent's)."""
    links = [
        link
        for link in ground.lexicon.links
        if link in ground.parents(link.child)
        and link.child != link.parent
        and len(link.columns) == 1
        and sum(x.parent == link.parent for x in ground.parents(link.child)) == 1
    ]
    if not links:
        return None
    link = rng.choice(links)
    words, child_words = ground.words(link.parent), ground.words(link.child)
    if words is None or child_words is None:
        return None
    parent = Population.of(ground, words)
    child = Population.of(ground, child_words, parent.aliases)
    name = naming(parent, unique=True)
    if name is None or not parent.key:
        return None
    pairs = [
        (child.column(mine), parent.column(theirs))
        for mine, theirs in zip(link.columns, link.parent_columns, strict=True)
    ]
    return parent, child, name, pairs


def per_parent(ground: Ground, rng: Random) -> Intent | None:
    """A number of children for each parent, those without any included: an outer join."""
    found = _family(ground, rng)
    if found is None:
        return None
    parent, child, name, pairs = found
    if parent.counted() > 12 or rng.random() < 0.3:
        some = narrowed_often(parent, rng, 2, least=3, needed=1)
        if some is None:
            return None
        parent = some
    if rng.random() < 0.5:
        child = narrowed(child, rng, least=6, bounds=False) or child
    on = [*(f"{mine} = {theirs}" for mine, theirs in pairs), *child.rows.where]
    table = str(child.rows).split("\n")[1].removeprefix("FROM ")
    join = f"LEFT JOIN {table} ON " + "\n    AND ".join(on)
    rows = replace(parent.rows, joins=(*parent.rows.joins, join))
    shown = (*name.columns, f"count({pairs[0][0]})")
    sql = replace(rows, columns=shown, group=(parent.key,))
    counts = {row[-1] for row in parent.read(sql)}
    if 0 not in counts or counts <= {0, 1}:
        return None
    many, what = child.many, child.words.plural
    none = f"{parent.words.plural} without any are shown with 0"
    return intent(
        "outer_join",
        ground,
        sql,
        (
            f"For each of the {parent.many}, how many {many} are there? Give {name.noun} and number; {none}.",
            f"Show the {name.noun} of every {parent.one} with its number of {many}; {none}."
            if not parent.words.person
            else f"Show the {name.noun} of every {parent.one} with their number of {many}; {none}.",
            f"Count the {many} for each {parent.one}: {name.noun} and count of {what}, where {none}.",
        ),
        (f"the {name.noun} of each {parent.one} with the number of {many} ({none})",),
        Shape.TABLE,
    )


def per_month(ground: Ground, rng: Random) -> Intent | None:
    """A number for each month of a year, for each year, or for each weekday."""
    population = drawn(
        ground, rng, own=(0, 1), depth=rng.choice((0, 0, 1)), least=12, roles=(Role.DATE, Role.MOMENT)
    )
    columns = unused(population, Role.DATE, Role.MOMENT) if population else []
    if population is None or not columns:
        return None
    words = rng.choice(columns)
    cell = population.column(words.column)
    years = sorted({str(value)[:4] for value, _ in population.spread(words.column) if is_date(value)})
    if not years:
        return None
    form = rng.randrange(3)
    rows = population.rows
    if form == 0:
        year = rng.choice(years)
        rows = rows.also(f"strftime('%Y', {cell}) = '{year}'")
        unit, told = f"strftime('%m', {cell})", f"month of {year} (01 to 12)"
        aside = "Leave out months without any."
    elif form == 1:
        unit, told, aside = f"strftime('%Y', {cell})", "year", "Leave out years without any."
    else:
        unit, told = f"strftime('%w', {cell})", "day of the week (0 for Sunday to 6 for Saturday)"
        aside = "Leave out days without any."
    number, sql = _number(population, rng)
    by = f"by the {told} of the {words.phrase}"
    if form and population.has_missing(words.column):
        rows = rows.also(f"{cell} IS NOT NULL")
        by += " (where that is known)"
    return intent(
        "calendar",
        ground,
        replace(rows, columns=(unit, sql), group=(unit,)),
        (
            f"Give the {number}, {by}. {aside}",
            f"I want to see the {number}, {by}. {aside}",
            f"What is the {number}, {by}? {aside}",
        ),
        (f"the {number}, {by}",),
        Shape.TABLE,
    )


def busiest_month(ground: Ground, rng: Random) -> Intent | None:
    """The month with the most rows: an extreme over groups."""
    population = drawn(
        ground,
        rng,
        own=(0, 1),
        depth=rng.choice((0, 0, 1)),
        least=30,
        roles=(Role.DATE, Role.MOMENT, Role.CATEGORY),
        bounds=False,
    )
    columns = unused(population, Role.CATEGORY, Role.DATE, Role.MOMENT) if population else []
    if population is None or not columns:
        return None
    words = rng.choice(columns)
    cell, many = population.column(words.column), population.many
    dated = words.role is not Role.CATEGORY
    unit = f"strftime('%Y-%m', {cell})" if dated else cell
    noun = f"month (as YYYY-MM) of the {words.phrase}" if dated else words.phrase
    most_of = rng.random() < 0.7
    rows = population.rows
    if population.has_missing(words.column):
        rows = rows.also(f"{cell} IS NOT NULL")
    number, sql = _number(population, rng, extremes=False)
    if not _leads_alone(population, replace(rows, group=(unit,)), sql, most_of=most_of):
        return None
    order = f"{sql} DESC" if most_of else sql
    top = population.read(replace(rows, columns=(sql,), group=(unit,), order=(order,), limit="2"))
    if len(top) < 2:
        return None
    tied = top[0] == top[1]
    if tied and not dated:
        return None  # which text comes first is a question of its own
    orders = (order, unit) if tied else (order,)
    tie = " In a tie, take the earlier month." if tied else ""
    if sql == "count(*)":
        fact = f"occurs {'most' if most_of else 'least'} often among the {many}"
    else:
        fact = f"has the {'highest' if most_of else 'lowest'} {number}"
    return intent(
        "top_group",
        ground,
        replace(rows, columns=(unit,), group=(unit,), order=orders, limit="1"),
        (
            f"Which {noun} {fact}?{tie}",
            f"Find the {noun} that {fact}.{tie}",
            f"Name the {noun} that {fact}.{tie}",
        ),
        (f"the {noun} that {fact}{_aside(tie)}",),
    )


_FUNCTIONS = ("sum", "avg", "min", "max", "count")


def _leads_alone(population: Population, groups: Select, sql: str, *, most_of: bool) -> bool:
    """Says whether no other function of the same column has the same group first."""
    function, _, argument = sql.removesuffix(")").partition("(")
    if argument == "*":
        return True
    functions = (function, *(other for other in _FUNCTIONS if other != function))
    rows = population.read(groups.with_columns(*(f"{each}({argument})" for each in functions)))
    best = []
    for numbers in zip(*rows, strict=True):
        known = [number for number in numbers if isinstance(number, int | float)]
        if len(known) < len(rows):
            return False
        best.append(known.index(max(known) if most_of else min(known)))
    return bool(best) and best[0] not in best[1:]


def duplicates(ground: Ground, rng: Random) -> Intent | None:
    """Values that occur in more than one row."""
    tables = [
        (words, column)
        for words in ground.tables()
        for column in words.columns
        if column.role is Role.NAME and sum(n > 1 for _, n in ground.values(words.table, column.column)) > 1
    ]
    if not tables:
        return None
    table, words = rng.choice(tables)
    population = Population.of(ground, table)
    if rng.random() < 0.6:
        population = narrowed(population, rng, least=8) or population
    cell, many = population.column(words.column), population.many
    often = rng.choice((2, 2, 2, 3))
    told = "more than one" if often == 2 else f"at least {spelt(often)}"
    rows = population.rows
    if population.has_missing(words.column):
        rows = rows.also(f"{cell} IS NOT NULL")
    groups = replace(
        rows,
        columns=(cell,),
        group=(cell,),
        having=("count(*) > 1" if often == 2 else f"count(*) >= {often}",),
    )
    if len(population.read(groups)) < 2:
        return None
    nouns = plural_of(words)
    exactly = "Compare them exactly as written, capital letters and spaces included."
    if rng.random() < 0.5:
        return intent(
            "duplicates",
            ground,
            f"SELECT count(*)\nFROM {nested(groups.with_columns('1'))}",
            (
                f"How many {nouns} are shared by {told} of the {many}? {exactly}",
                f"Count the {nouns} that {told} of the {many} bear. {exactly}",
                f"Among the {many}, how many different {nouns} occur in {told} of them? {exactly}",
            ),
            (f"the number of {nouns} shared by {told} of the {many}",),
        )
    return intent(
        "duplicates",
        ground,
        groups,
        (
            f"Which {nouns} are shared by {told} of the {many}? {exactly}",
            f"List the {nouns} that {told} of the {many} bear. {exactly}",
            f"Among the {many}, which {nouns} occur in {told} of them? {exactly}",
        ),
        (f"the {nouns} that are shared by {told} of the {many}",),
        Shape.LIST,
    )


def pivot(ground: Ground, rng: Random) -> Intent | None:
    """Two counts beside each other for each value of a category: conditional aggregation."""
    population = drawn(ground, rng, own=(0, 1), depth=rng.choice((0, 1)), least=20, roles=(Role.CATEGORY,))
    columns = unused(population, Role.CATEGORY) if population else []
    if population is None or len(columns) < 2:
        return None
    words, other = rng.sample(columns, 2)
    values = [
        v
        for v, _ in population.spread(other.column)
        if v in sayable(ground, population.words.table, other.column)
    ]
    groups = len(population.spread(words.column))
    if len(values) < 2 or not 2 <= groups <= SHOWN_ROWS - 1:
        return None
    first, second = rng.sample(values, 2)
    cell, many = population.column(words.column), population.many
    rows = population.rows
    aside = ""
    if population.has_missing(words.column):
        rows, aside = rows.also(f"{cell} IS NOT NULL"), f" Leave out those without a known {words.phrase}."
    phrases = [said_of(_shown(other, value), population) for value in (first, second)]
    sums = [
        f"sum(CASE WHEN {population.column(other.column)} = {literal(value)} THEN 1 ELSE 0 END)"
        for value in (first, second)
    ]
    return intent(
        "pivot",
        ground,
        replace(rows, columns=(cell, *sums), group=(cell,)),
        (
            f"For each {words.phrase} of the {many}, show how many {phrases[0]} and how many {phrases[1]}: "
            f"three columns, 0 where there are none.{aside}",
            f"Make a table of the {many}: {words.phrase}, how many {phrases[0]}, how many {phrases[1]}."
            f"{aside}",
            f"By {words.phrase}, count those of the {many} that {phrases[0]} and, in a third column, those "
            f"that {phrases[1]}; show 0 where there are none.{aside}",
        ),
        (f"each {words.phrase} of the {many} with how many of them {phrases[0]} and how many {phrases[1]}",),
        Shape.TABLE,
    )


def _shown(words: ColumnWords, value: object) -> str:

    assert isinstance(value, str | int | float), "what can be said"
    return holding(words, told(words, value))
