"""Conditions on rows, with constants drawn from the data and words that say whether a bound counts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from random import Random

from ...core.execution import Value
from ..databases.lexicon import ColumnWords, Link, Role
from ..ground import Ground, quoted
from .english import MONTHS, WEEKDAYS, article, day, listed, measured, said
from .population import Population
from .statement import literal

FEW = 12  # values that a category may have for "other than" and "one of" to be asked
LONGEST = 60  # characters of a value that stands in a sentence

_ROLES = (Role.CATEGORY, Role.CATEGORY, Role.AMOUNT, Role.LEVEL, Role.DATE, Role.MOMENT, Role.FLAG)


def narrowed(
    population: Population,
    rng: Random,
    *,
    roles: Sequence[Role] = _ROLES,
    least: int = 2,
    bounds: bool = True,
) -> Population | None:
    """Gives the rows that meet one more condition: at least `least`, and fewer than before.

    The condition is on a column with one of `roles` that none is on yet; without `bounds` it sets none,
    for where one row more or less seldom shows in the answer. None where none could be made.
    """
    roles = roles if bounds else [role for role in roles if role not in (Role.AMOUNT, Role.LEVEL)]
    conditions = " ".join(population.rows.where)
    columns = [
        words
        for words in population.ground.columns(population.words.table, *roles)
        if population.column(words.column) not in conditions
    ]
    rng.shuffle(columns)
    before = population.counted()
    for words in columns[:3]:
        after = _on_column(population, words, rng, bounds)
        if after is not None and least <= after.counted() < before:
            return after
    return None


def _on_column(population: Population, words: ColumnWords, rng: Random, bounds: bool) -> Population | None:
    if rng.random() < 0.12 and words.role is not Role.FLAG:
        missing = on_missing(population, words, rng)
        if missing is not None:
            return missing
    if words.role is Role.CATEGORY:
        return on_category(population, words, rng)
    if words.role in (Role.AMOUNT, Role.LEVEL):
        return on_number(population, words, rng)
    if words.role in (Role.DATE, Role.MOMENT):
        return on_date(population, words, rng, bounds=bounds)
    if words.role is Role.FLAG:
        return on_flag(population, words, rng)
    return None


def sayable(ground: Ground, table: str, name: str) -> list[Value]:
    """Gives the values of a column that every instance has and that can stand in a sentence."""
    return [value for value in ground.shared_values(table, name) if can_be_said(value)]


def can_be_said(value: Value) -> bool:
    """Says whether a value fits into a sentence and is told apart by what is seen of it."""
    if isinstance(value, str):
        return 0 < len(value) <= LONGEST and value == value.strip() and value.isprintable()
    return isinstance(value, int | float)


def holding(words: ColumnWords, value: str) -> str:
    """Gives the phrase that says that a row has a value: "living in Oslo", "with the status paid"."""
    return words.having.replace("{}", value) if words.having else f"with the {words.phrase} {value}"


def told(words: ColumnWords, value: Value) -> str:
    """Gives a column's value in a sentence."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return measured(
            value, words.unit, plain=words.role is Role.CATEGORY or "year" in words.phrase.split()
        )
    return said(value)


def told_all(words: ColumnWords, values: Sequence[Value]) -> list[str]:
    """Gives several values of a column, all in quotes where one needs them."""
    texts = [told(words, value) for value in values]
    bare = all(text == str(value) for text, value in zip(texts, values, strict=True))
    return [
        said(v, quoted=True) if isinstance(v, str) and not bare else t
        for v, t in zip(values, texts, strict=True)
    ]


def on_category(population: Population, words: ColumnWords, rng: Random) -> Population | None:
    """One of the values, one of two or three, or any but one."""
    known = sayable(population.ground, population.words.table, words.column)
    values = [value for value, _ in population.spread(words.column) if value in known]
    if not values:
        return None
    cell, draw = population.column(words.column), rng.random()
    value = rng.choice(values)
    if draw < 0.15 and 3 < len(values) <= FEW:
        some = sorted(rng.sample(values, 2 if rng.random() < 0.7 else 3), key=str)
        condition = f"{cell} IN ({', '.join(map(literal, some))})"
        return population.meeting(condition, holding(words, listed(told_all(words, some), "or")))
    if draw < 0.27 and 2 < len(values) <= FEW:
        known_word = "known " if population.ground.missing(population.words.table, words.column) else ""
        phrase = f"with {article(known_word + words.phrase)} other than {told(words, value)}"
        return population.meeting(f"{cell} <> {literal(value)}", phrase)
    return population.meeting(f"{cell} = {literal(value)}", holding(words, told(words, value)))


def on_missing(population: Population, words: ColumnWords, rng: Random) -> Population | None:
    """The rows in which the column is NULL, or those in which it is not."""
    if not population.has_missing(words.column):
        return None
    cell = population.column(words.column)
    if rng.random() < 0.6:
        phrase = words.missing or f"without a known {words.phrase}"
        return population.meeting(f"{cell} IS NULL", phrase)
    return population.meeting(f"{cell} IS NOT NULL", f"with a known {words.phrase}")


def on_flag(population: Population, words: ColumnWords, rng: Random) -> Population | None:
    """What the flag says, or its negation."""
    sides = [(side, phrase) for side, phrase in ((1, words.yes), (0, words.no)) if phrase]
    if not sides:
        return None
    side, phrase = rng.choice(sides)
    return population.meeting(f"{population.column(words.column)} = {side}", phrase)


def on_number(population: Population, words: ColumnWords, rng: Random) -> Population | None:
    """A bound that occurs among the rows and counts or does not, or two that both count.

    Beside it is a value so near that a bound that is off by one would show.
    """
    spread = [(v, n) for v, n in population.spread(words.column) if isinstance(v, int | float)]
    numbers = [(value, n) for value, n in spread if isinstance(value, int) or round(value, 4) == value]
    if len(numbers) < 4:
        return None
    cell = population.column(words.column)

    def say(value: Value) -> str:
        return told(words, value)

    noun = article(words.phrase)
    with_less, with_more = _with_neighbours(numbers)
    if rng.random() < 0.2 and with_less and with_more:
        low, high = _quantile(rng, with_less), _quantile(rng, with_more)
        if low < high:
            phrase = f"with {noun} between {say(low)} and {say(high)} (both included)"
            return population.meeting(f"{cell} BETWEEN {literal(low)} AND {literal(high)}", phrase)
    if "year" in words.phrase.split():
        bounds = ((">=", "of {} or later"), (">", "after {}"), ("<=", "of {} or earlier"), ("<", "before {}"))
    else:
        bounds = (
            (">=", "of at least {}"),
            (">", "of more than {}"),
            ("<=", "of at most {}"),
            ("<", "of less than {}"),
        )
    sign, bound = rng.choice(bounds)
    fit = with_less if sign in (">=", "<") else with_more
    if not fit:
        return None
    value = _quantile(rng, fit)
    if value == (numbers[0] if sign.startswith("<") else numbers[-1])[0]:
        return None  # "of at most 0" where there is nothing below
    return population.meeting(f"{cell} {sign} {literal(value)}", f"with {noun} {bound.format(say(value))}")


_Spread = list[tuple[int | float, int]]


def _with_neighbours(spread: _Spread) -> tuple[_Spread, _Spread]:
    """Gives the values that have another one at most 1 below them, and those that have one so near above.

    A bound at one of them that is off by one shows among the rows.
    """
    pairs = [(lower, upper) for lower, upper in pairwise(spread) if upper[0] - lower[0] <= 1]
    return [upper for _, upper in pairs], [lower for lower, _ in pairs]


def _quantile(rng: Random, spread: _Spread) -> int | float:
    """Draws a value between the first and last eighth of the rows."""
    total = sum(count for _, count in spread)
    wanted = total * (0.12 + 0.76 * rng.random())
    reached = accumulate(count for _, count in spread)
    return next(value for (value, _), upto in zip(spread, reached, strict=True) if upto >= wanted)


def on_date(
    population: Population, words: ColumnWords, rng: Random, *, bounds: bool = True
) -> Population | None:
    """A year, a month, a weekday, or a bound that occurs among the rows."""
    spread = [(str(value)[:10], n) for value, n in population.spread(words.column) if is_date(value)]
    if len({value for value, _ in spread}) < 8:
        return None
    cell = population.column(words.column)
    drawn = rng.choice(spread)[0]
    form = rng.randrange(10 if bounds else 6)
    if form < 3:
        return population.meeting(
            f"strftime('%Y', {cell}) = '{drawn[:4]}'", happening(words, f"in {drawn[:4]}")
        )
    if form < 5:
        month = f"{MONTHS[int(drawn[5:7]) - 1]} {drawn[:4]}"
        return population.meeting(
            f"strftime('%Y-%m', {cell}) = '{drawn[:7]}'", happening(words, f"in {month}")
        )
    if form == 5:
        weekday = rng.randrange(7)
        name = f"on a {WEEKDAYS[weekday]}"
        return population.meeting(f"strftime('%w', {cell}) = '{weekday}'", happening(words, name))
    whole = f"date({cell})" if words.role is Role.MOMENT else cell
    in_words = rng.random() < 0.7
    dates = sorted({value for value, _ in spread})
    inner = dates[len(dates) // 8 : -len(dates) // 8] or dates
    first, last = sorted((rng.choice(inner), rng.choice(inner)))
    if form == 6 and first < last:
        phrase = f"from {day(first, words=in_words)} to {day(last, words=in_words)} (both days included)"
        return population.meeting(f"{whole} BETWEEN '{first}' AND '{last}'", happening(words, phrase))
    sign, word = rng.choice(((">=", "on or after"), (">", "after"), ("<=", "on or before"), ("<", "before")))
    return population.meeting(
        f"{whole} {sign} '{first}'", happening(words, f"{word} {day(first, words=in_words)}")
    )


def happening(words: ColumnWords, when: str) -> str:
    """Gives the phrase that says when: "hired in 2021", "with a due date before 1 May 2024"."""
    return f"{words.event} {when}" if words.event else f"with {article(words.phrase)} {when}"


def is_date(value: Value) -> bool:
    """Says whether a value begins as an ISO date."""
    return isinstance(value, str) and len(value) >= 10 and value[4] == "-" and value[:4].isdigit()


def under_parent(
    population: Population,
    link: Link,
    rng: Random,
    *,
    depth: int = 1,
    least: int = 2,
    bounds: bool = True,
) -> Population | None:
    """Gives the rows whose parent by `link` is a named one, or one that meets a condition.

    With a `depth` of 2 or 3 the condition is on the parent's parent, or on that one's. None where none
    could be made that leaves `least` rows.
    """
    ground = population.ground
    words = ground.words(link.parent)
    if words is None or population.last:
        return None
    parent = Population.of(ground, words, population.aliases)
    before = population.counted()
    for _ in range(3):
        above, phrases = _above(parent, rng, depth, population.words.table, bounds)
        if above is None:
            continue
        if link.role and link.role[:5] not in link.of:
            phrases = tuple(_in_role(phrase, words.plural, words.singular, link) for phrase in phrases)
        result = population.linked(link, above, *phrases)
        if least <= result.counted() < before:
            return result
    return None


def _above(
    parent: Population, rng: Random, depth: int, below: str, bounds: bool
) -> tuple[Population | None, tuple[str, ...]]:
    """Narrows parents, and gives the words for those of several rows and for that of one."""
    if depth > 1:
        table = parent.words.table
        links = [up for up in parent.ground.parents(table) if up.parent not in (table, below)]
        above = (
            under_parent(parent, rng.choice(links), rng, depth=depth - 1, least=1, bounds=bounds)
            if links
            else None
        )
    elif rng.random() < 0.45 and parent.words.label:
        above, phrase = named(parent, rng) or (None, "")
        return above, (phrase, phrase)
    else:
        above = narrowed(parent, rng, least=1, bounds=bounds)
    return above, ((above.many, article(above.one)) if above else ("", ""))


def _in_role(phrase: str, plural: str, singular: str, link: Link) -> str:
    """Speaks of a parent by its role in the link: "supervisors hired in 2021"."""
    for noun, role in ((plural, link.role_plural or link.role + "s"), (singular, link.role)):
        for lead in ("", "the ", "a ", "an "):
            if phrase.startswith(lead + noun):
                rest = phrase[len(lead + noun) :]
                return (article(role) if lead in ("a ", "an ") else lead + role) + rest
    return phrase


def named(parent: Population, rng: Random) -> tuple[Population, str] | None:
    """Gives a population of the rows with a drawn name, and the words for it: "the customer Ana Núñez"."""
    ground, words = parent.ground, parent.words
    if len(words.label) != 1:
        return None
    name = words.label[0]
    values = sayable(ground, words.table, name)
    if not values:
        return None
    value = rng.choice(values)
    counts = [_bearers(ground, words.table, name, value, i) for i in range(len(ground.instances))]
    if any(alike != exact for alike, exact in counts):
        return None  # "named Ana" would leave open whether "ana" counts
    alone = all(exact == 1 for _, exact in counts)
    told_value = said(value)
    phrase = f"the {words.singular} {told_value}"
    if not alone:
        called = "named" if words.person else "called"
        phrase = f"{article(words.singular)} {called} {told_value}"
    return parent.meeting(f"{parent.column(name)} = {literal(value)}", told_value), phrase


def _bearers(ground: Ground, table: str, name: str, value: Value, instance: int) -> tuple[int, int]:
    """Gives the rows that bear a name but for case and outer spaces, and those that bear it exactly."""
    cell = quoted(name)
    sql = (
        f"SELECT count(*), sum({cell} = {literal(value)}) FROM {quoted(table)}"
        f" WHERE lower(trim({cell})) = lower(trim({literal(value)}))"
    )
    rows = ground.rows(sql, instance)
    alike, exact = rows[0] if rows else (0, 0)
    return int(alike or 0), int(exact or 0)


def drawn(
    ground: Ground,
    rng: Random,
    *,
    own: tuple[int, int] = (1, 2),
    depth: int = 0,
    least: int = 2,
    roles: Sequence[Role] = (),
    bounds: bool = True,
) -> Population | None:
    """Draws rows: of a table with a column of one of `roles`, meeting from `own[0]` to `own[1]` conditions.

    With a `depth` of 1 to 3, one condition more on a parent so many links away. None where none was found.
    """
    tables = [
        words
        for words in ground.tables()
        if (not roles or ground.columns(words.table, *roles))
        and (reaches(ground, words.table, depth) if depth else ground.varies(words.table))
    ]
    if not tables:
        return None
    population: Population | None = Population.of(ground, rng.choice(tables))
    times = rng.randint(*own)
    if depth and population is not None:
        table = population.words.table
        link = rng.choice([up for up in ground.parents(table) if reaches(ground, up.parent, depth - 1)])
        population = under_parent(
            population, link, rng, depth=depth, least=max(least, 4), bounds=bounds and not times
        )
    if population is None:
        return None
    return narrowed_often(population, rng, times, least=least, needed=own[0], bounds=bounds)


def narrowed_often(
    population: Population,
    rng: Random,
    times: int,
    *,
    least: int = 2,
    needed: int = 0,
    bounds: bool = True,
) -> Population | None:
    """Gives the rows that meet up to `times` further conditions, each on a column of its own.

    Only the last sets a bound, so that a row at the bound is among those left.
    """
    for done in range(times):
        further = narrowed(population, rng, least=least, bounds=bounds and done == times - 1)
        if further is None:
            return population if done >= needed else None
        population = further
    return population


def reaches(ground: Ground, table: str, depth: int) -> bool:
    """Says whether links lead up so many times from a table, never to itself."""
    return depth == 0 or any(
        link.parent != table and reaches(ground, link.parent, depth - 1) for link in ground.parents(table)
    )
