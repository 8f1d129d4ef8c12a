"""Questions about ranks within groups, running totals, and the latest of each group: window functions."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from ...core.observation import SHOWN_ROWS
from ..databases.lexicon import Role
from ..ground import Ground
from .amounts import measure, unused
from .conditions import drawn, happening, is_date, narrowed, narrowed_often
from .english import ordinal
from .extremes import most
from .intent import Intent
from .population import Population
from .statement import nested
from .wording import Shape, intent, naming


def ranked_in_group(ground: Ground, rng: Random) -> Intent | None:
    """The first, second or third of each group by a number."""
    roles = (Role.CATEGORY,)
    population = drawn(ground, rng, own=(0, 2), depth=rng.choice((0, 0, 1)), least=12, roles=roles)
    if population is None or not population.key:
        return None
    groups, numbers = (
        unused(population, *roles),
        unused(population, Role.AMOUNT, Role.LEVEL, Role.DATE, Role.MOMENT),
    )
    name = naming(population, unique=True)
    if not groups or not numbers or name is None or len(name.columns) > 1:
        return None
    group, column, high, place = (
        rng.choice(groups),
        rng.choice(numbers),
        rng.random() < 0.7,
        rng.randint(1, 3),
    )
    if not 2 <= len(population.spread(group.column)) <= SHOWN_ROWS - 1:
        return None
    cell, of = population.column(column.column), population.column(group.column)
    rows = population.rows
    aside = ""
    if population.has_missing(group.column):
        rows, aside = rows.also(f"{of} IS NOT NULL"), f" Leave out those whose {group.phrase} is unknown."
    if population.has_missing(column.column):
        rows = rows.also(f"{cell} IS NOT NULL")
    order = f"{cell} DESC" if high else cell
    low_id = rng.random() < 0.7
    tie = f"where two are equal, the {'lower' if low_id else 'higher'} id goes first"
    window = (
        f"row_number() OVER (PARTITION BY {of} ORDER BY {order}, {population.key}{'' if low_id else ' DESC'})"
    )
    inner = rows.with_columns(f"{of} AS part", f"{name.columns[0]} AS item", f"{window} AS place")
    best = f"{'' if place == 1 else ordinal(place) + ' '}{most(column, high=high)} {column.phrase}"
    short = "" if place == 1 else " A group with fewer does not appear."
    return intent(
        "rank_in_group",
        ground,
        f"SELECT part, item\nFROM {nested(inner)}\nWHERE place = {place}",
        (
            f"For each {group.phrase}, which of the {population.many} has the {best}? Give {group.phrase} "
            f"and {name.noun}; {tie}.{short}{aside}",
            f"Among the {population.many}, find for each {group.phrase} the one with the {best}: show "
            f"{group.phrase} and {name.noun}; {tie}.{short}{aside}",
            f"Show each {group.phrase} with the {name.noun} of the {population.words.singular} that has the "
            f"{best} in it, among the {population.many}; {tie}.{short}{aside}",
        ),
        (
            f"each {group.phrase} with the {name.noun} of the {population.words.singular} that has the "
            f"{best} in it, among the {population.many} ({tie})",
        ),
        Shape.TABLE,
    )


def latest_per_parent(ground: Ground, rng: Random) -> Intent | None:
    """A value of the latest or earliest child of each parent."""
    links = [
        link
        for words in ground.tables()
        for link in ground.parents(words.table)
        if link.parent != link.child
        and len(link.columns) == 1
        and ground.columns(link.child, Role.DATE, Role.MOMENT)
        and len(ground.key(link.child)) == 1
    ]
    if not links:
        return None
    link = rng.choice(links)
    words, child_words = ground.words(link.parent), ground.words(link.child)
    if words is None or child_words is None:
        return None
    parent = narrowed_often(Population.of(ground, words), rng, rng.randint(1, 2), needed=0)
    if parent is None or not parent.key:
        return None
    name = naming(parent, unique=True)
    child = Population.of(ground, child_words, parent.aliases)
    if rng.random() < 0.4:
        child = narrowed(child, rng) or child
    dates = unused(child, Role.DATE, Role.MOMENT)
    others = unused(child, Role.CATEGORY, Role.AMOUNT, Role.LEVEL)
    if name is None or not dates or not others or parent.counted() > 30:
        return None
    date = rng.choice(dates)
    late = rng.random() < 0.7
    cell, mine = child.column(date.column), child.column(link.columns[0])
    word = "latest" if late else "earliest"
    low_id = rng.random() < 0.5
    order = f"{cell} DESC" if late else cell
    window = (
        f"row_number() OVER (PARTITION BY {mine} ORDER BY {order}, {child.key}{'' if low_id else ' DESC'})"
    )
    known = (f"{cell} IS NOT NULL",) if child.has_missing(date.column) else ()
    what = rng.choice(others)
    inner = child.rows.also(*known).with_columns(
        f"{mine} AS owner", f"{child.column(what.column)} AS item", f"{window} AS place"
    )
    rows = replace(
        parent.rows.also("latest.place = 1"),
        joins=(f"JOIN {nested(inner)} AS latest ON latest.owner = {parent.column(link.parent_columns[0])}",),
    )
    tie = f"if several share that, the one with the {'lowest' if low_id else 'highest'} id"
    own = "their" if parent.words.person else "its"
    if child.described:
        told = f"the {what.phrase} of the one with the {word} {date.phrase} among {own} {child.many} ({tie})"
    else:
        told = f"the {what.phrase} of {own} {child.one} with the {word} {date.phrase} ({tie})"
    out = f"Leave out {parent.words.plural} without any."
    return intent(
        "latest_of_each",
        ground,
        rows.with_columns(*name.columns, "latest.item"),
        (
            f"For each {parent.one}, give the {name.noun} and {told}. {out}",
            f"Show the {name.noun} of every {parent.one} with {told}. {out}",
            f"Make a table of the {parent.many}: {name.noun} and {told}. {out}",
        ),
        (f"the {name.noun} of each {parent.one} with {told}",),
        Shape.TABLE,
    )


def running_total(ground: Ground, rng: Random) -> Intent | None:
    """A total that grows from month to month of a year."""
    population = drawn(
        ground, rng, own=(0, 1), depth=rng.choice((0, 0, 1)), least=20, roles=(Role.DATE, Role.MOMENT)
    )
    dates = unused(population, Role.DATE, Role.MOMENT) if population else []
    if population is None or not dates:
        return None
    date = rng.choice(dates)
    years = sorted({str(value)[:4] for value, _ in population.spread(date.column) if is_date(value)})
    if not years:
        return None
    year, cell = rng.choice(years), population.column(date.column)
    population = population.meeting(f"strftime('%Y', {cell}) = '{year}'", happening(date, f"in {year}"))
    amounts = unused(population, Role.AMOUNT)
    if amounts and rng.random() < 0.6:
        amount = rng.choice(amounts)
        number, noun = (
            f"sum({population.column(amount.column)})",
            f"total {measure(amount)} of the {population.many}",
        )
    else:
        number, noun = "count(*)", f"number of {population.many}"
    month = f"strftime('%m', {cell})"
    rows = replace(
        population.rows,
        columns=(f"{month} AS month", f"{number} AS amount"),
        group=(month,),
    )
    told = f"running {noun}"
    return intent(
        "running_total",
        ground,
        f"SELECT month, sum(amount) OVER (ORDER BY month)\nFROM {nested(rows)}",
        (
            f"Give the {told}, month by month: the month (01 to 12) and the figure up to its end. Leave out "
            "months without any.",
            f"How does the {told} grow from month to month? Give each month (01 to 12) that has any, with "
            "the figure up to its end.",
            f"I need the {told}, at the end of each month (01 to 12) that has any.",
        ),
        (f"the {told}, by month (01 to 12)",),
        Shape.TABLE,
    )


def share_of_total(ground: Ground, rng: Random) -> Intent | None:
    """Each group's percentage of the whole."""
    population = drawn(ground, rng, own=(0, 1), depth=rng.choice((0, 0, 1)), least=20, roles=(Role.CATEGORY,))
    columns = unused(population, Role.CATEGORY) if population else []
    if population is None or not columns:
        return None
    words = rng.choice(columns)
    if not 2 <= len(population.spread(words.column)) <= 12:
        return None
    cell = population.column(words.column)
    rows, aside, besides = population.rows, "", ""
    if population.has_missing(words.column):
        rows = rows.also(f"{cell} IS NOT NULL")
        aside = f" Those whose {words.phrase} is unknown count nowhere."
        besides = f" (those whose {words.phrase} is unknown count nowhere)"
    sql = replace(rows, columns=(cell, "round(100.0 * count(*) / sum(count(*)) OVER (), 1)"), group=(cell,))
    many = population.many
    return intent(
        "share_of_total",
        ground,
        sql,
        (
            f"What percentage of the {many} falls to each {words.phrase}? Give {words.phrase} and "
            f"percentage, rounded to one decimal.{aside}",
            f"Show each {words.phrase} with its share of the {many} in percent, rounded to one decimal."
            f"{aside}",
            f"How are the {many} spread over the {words.plural or words.phrase + 's'}? Give each with its "
            f"percentage, rounded to one decimal.{aside}",
        ),
        (f"each {words.phrase} with its percentage of the {many}, rounded to one decimal{besides}",),
        Shape.TABLE,
    )
