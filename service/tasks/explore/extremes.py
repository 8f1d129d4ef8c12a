"""Questions about the highest and lowest, and about what lies above an average or above another row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from ..databases.lexicon import ColumnWords, Role
from ..ground import Ground
from .amounts import unused
from .conditions import drawn, is_date, named
from .english import article, listed, spelt
from .intent import Intent
from .population import Population, plural_of
from .statement import Select, nested
from .wording import Shape, intent, naming

SMALL = 600  # rows of a table that a subquery may be run over once a row

_RANKED = (Role.AMOUNT, Role.LEVEL, Role.DATE, Role.MOMENT)


def most(words: ColumnWords, *, high: bool) -> str:
    """Gives the superlative that fits a column."""
    timely = words.role in (Role.DATE, Role.MOMENT) or "year" in words.phrase.split()
    return ("latest" if high else "earliest") if timely else ("highest" if high else "lowest")


def superlative(ground: Ground, rng: Random) -> Intent | None:
    """Which row has the highest or lowest value; how a tie is broken is said where there is one."""
    population = drawn(
        ground, rng, own=(0, 1), depth=rng.choice((0, 0, 1, 1, 2)), least=4, roles=_RANKED, bounds=False
    )
    columns = unused(population, *_RANKED) if population else []
    if population is None or not columns or not population.key:
        return None
    words, high = rng.choice(columns), rng.random() < 0.55
    cell, key = population.column(words.column), population.key
    best = most(words, high=high)
    asked = _asked(population, words, rng)
    if asked is None:
        return None
    shown, noun = asked
    rows = population.rows
    if not high and population.has_missing(words.column):
        rows = rows.also(f"{cell} IS NOT NULL")
    order = f"{cell} DESC" if high else cell
    top = population.read(replace(rows, columns=(cell,), order=(order,), limit="2"))
    if len(top) < 2:
        return None
    tied = top[0] == top[1]
    low_id = rng.random() < 0.6
    tie = ""
    orders: tuple[str, ...] = (order,)
    if tied:
        orders = (order, key if low_id else f"{key} DESC")
        tie = f" If several share it, take the one with the {'lowest' if low_id else 'highest'} id."
    many, fact = population.many, f"{best} {words.phrase}"
    among = f"among the {many}"
    of_them = f" {among}" if population.described else ""
    the_noun = f"the {noun}" if len(shown) == 1 else noun
    single = population.words.singular
    return intent(
        "superlative",
        ground,
        replace(rows, columns=shown, order=orders, limit="1"),
        (
            f"{among}, which one has the {fact}? Give {the_noun}.{tie}",
            f"Give {the_noun} of the {single} with the {fact}{of_them}.{tie}",
            f"Of all {many}, find the one with the {fact} and give {the_noun}.{tie}",
        ),
        (f"the {noun} of the {single} with the {fact}{of_them}" + _in_brackets(tie),),
        Shape.VALUE if len(shown) == 1 else Shape.TABLE,
    )


def _in_brackets(tie: str) -> str:
    return f" ({tie.strip().rstrip('.')[0].lower()}{tie.strip().rstrip('.')[1:]})" if tie else ""


def _asked(population: Population, words: ColumnWords, rng: Random) -> tuple[tuple[str, ...], str] | None:
    """Gives the columns that are asked for and their noun: the name, or another column."""
    others = [c for c in unused(population, Role.CATEGORY, Role.NAME, Role.DATE) if c is not words]
    name = naming(population)
    draw = rng.random()
    if others and (name is None or draw < 0.35):
        other = rng.choice(others)
        return (population.column(other.column),), other.phrase
    if name is None:
        return None
    if draw > 0.8:
        return (*name.columns, population.column(words.column)), f"{name.noun} and {words.phrase}"
    return name.columns, name.noun


def top_list(ground: Ground, rng: Random) -> Intent | None:
    """The k rows with the highest or lowest values."""
    population = drawn(
        ground, rng, own=(0, 1), depth=rng.choice((0, 0, 1, 1, 2)), least=8, roles=_RANKED, bounds=False
    )
    columns = unused(population, *_RANKED) if population else []
    if population is None or not columns or not population.key:
        return None
    name = naming(population, unique=rng.random() < 0.7)
    if name is None:
        return None
    words, high, wanted = rng.choice(columns), rng.random() < 0.6, rng.randint(3, 7)
    cell, best = population.column(words.column), most(words, high=high)
    rows = population.rows
    if not high and population.has_missing(words.column):
        rows = rows.also(f"{cell} IS NOT NULL")
    order = f"{cell} DESC" if high else cell
    near = population.read(replace(rows, columns=(cell,), order=(order,), limit=str(wanted + 1)))
    if len(near) <= wanted:
        return None
    tied = near[wanted - 1] == near[wanted]
    tie = " Where values are equal, the lower id goes first." if tied else ""
    orders = (order, population.key) if tied else (order,)
    table = rng.random() < 0.3
    what = f"{name.nouns} and {plural_of(words)}" if table or len(name.columns) > 1 else name.nouns
    shown = (*name.columns, cell) if table or len(name.columns) > 1 else name.columns
    many, plural, facts = population.many, population.words.plural, f"{best} {plural_of(words)}"
    among = f"among the {many}"
    of_them = f" {among}" if population.described else ""
    return intent(
        "top_list",
        ground,
        replace(rows, columns=shown, order=orders, limit=str(wanted)),
        (
            f"Give the {what} of the {spelt(wanted)} {plural} with the {facts}{of_them}.{tie}",
            f"{among}, which {spelt(wanted)} have the {facts}? Give their {what}.{tie}",
            f"Of all {many}, take the {spelt(wanted)} with the {facts} and list their {what}.{tie}",
        ),
        (f"the {what} of the {spelt(wanted)} {plural} with the {facts}{of_them}" + _in_brackets(tie),),
        Shape.LIST if len(shown) == 1 else Shape.TABLE,
    )


def all_extreme(ground: Ground, rng: Random) -> Intent | None:
    """All rows that share the highest or lowest value: a nested query."""
    population = drawn(
        ground,
        rng,
        own=(0, int(rng.random() < 0.3)),
        depth=int(rng.random() < 0.2),
        least=4,
        roles=(Role.AMOUNT, Role.LEVEL, Role.DATE),
    )
    columns = unused(population, Role.AMOUNT, Role.LEVEL, Role.DATE) if population else []
    if population is None or not columns:
        return None
    words, high = rng.choice(columns), rng.random() < 0.5
    cell, best = population.column(words.column), most(words, high=high)
    best_value = f"{'max' if high else 'min'}({cell})"
    extreme = f"{cell} = {nested(population.rows.with_columns(best_value))}"
    rows = population.rows.also(extreme)
    found = population.read(rows)
    number = found[0][0] if found else 0
    if not isinstance(number, int) or number < 2:
        return None
    many, fact = population.many, f"{best} {words.phrase}"
    name = naming(population, unique=True)
    if number > 12 or name is None or len(name.columns) > 1 or rng.random() < 0.4:
        return intent(
            "ties",
            ground,
            rows,
            (
                f"How many of the {population.many} share the {best} {words.phrase} among them?",
                f"Of the {population.many}, how many have the {best} {words.phrase} that occurs among them?",
                f"Take the {best} {words.phrase} of the {population.many}. How many of them have it?",
            ),
            (f"the number of {population.many} that share the {best} {words.phrase} among them",),
        )
    return intent(
        "ties",
        ground,
        rows.with_columns(*name.columns),
        (
            f"Which of the {many} have the {fact} among them? Give their {name.nouns}.",
            f"Give the {name.noun} of each of the {many} with the {fact} among them.",
            f"Several of the {many} share the {fact} among them. List their {name.nouns}.",
        ),
        (f"the {name.nouns} of all those of the {many} that have the {fact} among them",),
        Shape.LIST,
    )


def above_average(ground: Ground, rng: Random) -> Intent | None:
    """Rows above or below the average of all, or of those that are like them."""
    population = drawn(
        ground, rng, own=(0, 1), depth=int(rng.random() < 0.35), least=10, roles=(Role.AMOUNT, Role.LEVEL)
    )
    columns = unused(population, Role.AMOUNT, Role.LEVEL) if population else []
    if population is None or not columns:
        return None
    words, above = rng.choice(columns), rng.random() < 0.6
    cell, sign = population.column(words.column), ">" if above else "<"
    than = "above" if above else "below"
    peers = unused(population, Role.CATEGORY)
    others = Population.of(ground, population.words, population.aliases)
    average = f"avg({others.column(words.column)})"
    inner = others.rows.with_columns(average)
    if peers and rng.random() < 0.5 and ground.table(population.words.table).row_count <= SMALL:
        peer = rng.choice(peers)
        inner = inner.also(f"{others.column(peer.column)} = {population.column(peer.column)}")
        base = f"the average of all {population.words.plural} with the same {peer.phrase}"
        family = "above_own_average"
    else:
        base = f"the average of all {population.words.plural}"
        family = "above_average"
    rows = population.rows.also(f"{cell} {sign} {nested(inner)}")
    return _counted_or_listed(family, population, rows, f"have {article(words.phrase)} {than} {base}", rng)


def beyond_another(ground: Ground, rng: Random) -> Intent | None:
    """Rows whose value is beyond that of a named row."""
    population = drawn(ground, rng, own=(0, 1), least=6, roles=(Role.AMOUNT, Role.LEVEL, Role.DATE))
    columns = unused(population, Role.AMOUNT, Role.LEVEL, Role.DATE) if population else []
    if population is None or not columns:
        return None
    other = named(Population.of(ground, population.words, population.aliases), rng)
    if other is None or not other[1].startswith("the "):
        return None
    twin, phrase = other
    words, more = rng.choice(columns), rng.random() < 0.5
    cell, theirs = population.column(words.column), twin.column(words.column)
    value = twin.read(twin.rows.with_columns(theirs))
    if not value or value[0][0] is None or (words.role is Role.DATE and not is_date(value[0][0])):
        return None
    rows = population.rows.also(f"{cell} {'>' if more else '<'} {nested(twin.rows.with_columns(theirs))}")
    timely = most(words, high=True) == "latest"
    word = ("later" if more else "earlier") if timely else ("higher" if more else "lower")
    return _counted_or_listed(
        "beyond_another", population, rows, f"have {article(f'{word} {words.phrase}')} than {phrase}", rng
    )


def _counted_or_listed(
    family: str, population: Population, rows: Select, told: str, rng: Random
) -> Intent | None:
    ground, many = population.ground, population.many
    found = population.read(rows.with_columns("count(*)"))
    number = found[0][0] if found else 0
    if not isinstance(number, int) or number < 2:
        return None
    name = naming(population, unique=True)

    if name is not None and number <= 15 and rng.random() < 0.7:
        what = name.nouns
        return intent(
            family,
            ground,
            rows.with_columns(*name.columns),
            (
                f"Which {many} {told}? Give their {what}.",
                f"List the {what} of those {many} {population.who} {told}.",
                f"I am looking for {many} {population.who} {told}. What are their {what}?",
            ),
            (f"the {what} of the {many} {population.who} {told}",),
            Shape.LIST if len(name.columns) == 1 else Shape.TABLE,
        )
    return intent(
        family,
        ground,
        rows.with_columns("count(*)"),
        (
            f"How many {many} {told}?",
            f"Count the {many} {population.who} {told}.",
            f"What is the number of {many} {population.who} {told}?",
        ),
        (f"the number of {many} {population.who} {told}",),
    )


def rows_listed(ground: Ground, rng: Random) -> Intent | None:
    """The names of rows that meet conditions."""
    population = drawn(ground, rng, own=(1, 3), depth=rng.choice((0, 0, 1, 2)), least=2)
    name = naming(population, unique=True) if population else None
    if population is None or name is None or population.counted() > (20 if rng.random() < 0.9 else 500):
        return None
    extra = [c for c in unused(population, Role.CATEGORY, Role.AMOUNT, Role.LEVEL, Role.DATE) if c.column]
    more = rng.sample(extra, min(len(extra), rng.randint(1, 2))) if rng.random() < 0.4 else []
    shown = (*name.columns, *(population.column(c.column) for c in more))
    many = population.many
    single = len(shown) == 1
    what = listed([name.noun, *(c.phrase for c in more)])
    nouns = listed([name.nouns, *(plural_of(c) for c in more)])
    if single:
        asked: Sequence[str] = (
            f"Which {many} are there? Give their {nouns}.",
            f"List the {nouns} of the {many}.",
            f"Give the {name.noun} of every {population.one}.",
        )
    else:
        asked = (
            f"List the {many}: for each, {what}, in this order.",
            f"For every {population.one}, show {what}.",
            f"Make a table of the {many} with {what} as its columns.",
        )
    return intent(
        "list" if single else "table",
        ground,
        population.rows.with_columns(*shown),
        asked,
        (f"the {what} of each {population.one}", f"the {nouns} of the {many}"),
        Shape.LIST if single else Shape.TABLE,
    )
