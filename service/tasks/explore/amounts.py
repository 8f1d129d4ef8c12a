"""Questions whose answer is one number: counts, sums, averages, extremes, shares, distinct values."""

from __future__ import annotations

from random import Random

from ..databases.lexicon import ColumnWords, Role
from ..ground import Ground
from .conditions import drawn, narrowed
from .intent import Intent
from .population import Population, plural_of
from .wording import intent


def count(ground: Ground, rng: Random) -> Intent | None:
    """How many rows meet conditions on their own columns."""
    population = drawn(ground, rng, own=(1, 3))
    return counted("count", population) if population else None


def joined_count(ground: Ground, rng: Random) -> Intent | None:
    """How many rows have a parent that meets a condition."""
    population = drawn(ground, rng, own=(0, 2), depth=1)
    return counted("join", population) if population else None


def chain_count(ground: Ground, rng: Random) -> Intent | None:
    """How many rows have a parent's parent (or one more) that meets a condition."""
    population = drawn(ground, rng, own=(0, 1), depth=2 if rng.random() < 0.6 else 3)
    return counted("chain", population) if population else None


def counted(family: str, population: Population) -> Intent | None:
    """Asks for the number of rows."""
    many = population.many
    how_many = f"How many {many} are there?"
    if population.own and not population.own[0].startswith("that "):
        how_many = f"How many {many} are there in all?"
    return intent(
        family,
        population.ground,
        population.rows.with_columns("count(*)"),
        (how_many, f"Count the {many}.", f"What is the number of {many}?", f"I need the number of {many}."),
        (f"the number of {many}", f"a count of the {many}"),
    )


def aggregate(ground: Ground, rng: Random) -> Intent | None:
    """A sum, an average or an extreme over rows that meet conditions on their own columns."""
    population = drawn(ground, rng, own=(1, 2), least=3, roles=(Role.AMOUNT, Role.LEVEL))
    return aggregated("aggregate", population, rng) if population else None


def joined_aggregate(ground: Ground, rng: Random) -> Intent | None:
    """The same over rows of a parent that meets a condition."""
    depth = 1 if rng.random() < 0.6 else 2
    population = drawn(ground, rng, own=(0, 1), depth=depth, least=3, roles=(Role.AMOUNT, Role.LEVEL))
    return (
        aggregated("join_aggregate" if depth == 1 else "chain_aggregate", population, rng)
        if population
        else None
    )


def measure(words: ColumnWords) -> str:
    """Gives a number's noun with its unit: "fee in francs"."""
    told = words.unit and words.unit != "%" and words.unit not in words.phrase
    return f"{words.phrase} in {words.unit}" if told else words.phrase


def unused(population: Population, *roles: Role) -> list[ColumnWords]:
    """Gives the columns of these roles that no condition is on."""
    conditions = " ".join(population.rows.where)
    return [
        c
        for c in population.ground.columns(population.words.table, *roles)
        if population.column(c.column) not in conditions
    ]


def aggregated(family: str, population: Population, rng: Random) -> Intent | None:
    """Asks for one of a column's aggregates."""
    columns = unused(population, Role.AMOUNT, Role.LEVEL)
    if not columns:
        return None
    words = rng.choice(columns)
    cell, many, noun = population.column(words.column), population.many, measure(words)
    known = (
        f" whose {words.phrase} is known"
        if population.has_missing(words.column) and not population.described
        else ""
    )
    draw = rng.random()
    if words.role is Role.AMOUNT and draw < 0.4:
        sql, said = f"sum({cell})", f"total {noun}"
        asked = (
            f"What is the total {noun} of the {many}?",
            f"Add up the {plural_of(words)} of all {many}: what is the total?",
            f"What does the {noun} of the {many} come to in total?",
        )
    elif draw < 0.8:
        sql, said = f"avg({cell})", f"average {noun}"
        asked = (
            f"What is the average {noun} of the {many}{known}?",
            f"On average, what is the {noun} of the {many}{known}?",
            f"Work out the mean {noun} over all {many}{known}.",
        )
    else:
        high = rng.random() < 0.5
        word = (
            ("latest" if high else "earliest")
            if "year" in words.phrase.split()
            else "highest"
            if high
            else "lowest"
        )
        sql, said = f"{'max' if high else 'min'}({cell})", f"{word} {noun}"
        asked = (
            f"What is the {word} {noun} among the {many}?",
            f"Among the {many}, what is the {word} {noun}?",
            f"Give the {word} {noun} of any of the {many}.",
        )
    return intent(
        family,
        population.ground,
        population.rows.with_columns(sql),
        asked,
        (f"the {said} of the {many}", f"the {said} over all {many}"),
    )


def spread(ground: Ground, rng: Random) -> Intent | None:
    """The difference between the highest and the lowest."""
    population = drawn(
        ground,
        rng,
        own=(0, 1),
        depth=rng.randrange(2),
        least=4,
        roles=(Role.AMOUNT, Role.LEVEL),
        bounds=False,
    )
    columns = unused(population, Role.AMOUNT, Role.LEVEL) if population else []
    if population is None or not columns:
        return None
    words = rng.choice(columns)
    cell, many, noun = population.column(words.column), population.many, words.phrase
    return intent(
        "difference",
        ground,
        population.rows.with_columns(f"max({cell}) - min({cell})"),
        (
            f"What is the difference between the highest and the lowest {noun} of the {many}?",
            f"By how much does the highest {noun} among the {many} exceed the lowest?",
            f"How far apart are the lowest and the highest {noun} of the {many}?",
        ),
        (f"the difference between the highest and the lowest {noun} of the {many}",),
    )


def distinct(ground: Ground, rng: Random) -> Intent | None:
    """How many different values a column has, or how many parents the rows have."""
    population = drawn(ground, rng, own=(1, 2), least=4, bounds=False)
    if population is None:
        return None
    many = population.many
    links = [link for link in ground.parents(population.words.table) if len(link.columns) == 1]
    columns = unused(population, Role.CATEGORY)
    if links and rng.random() < 0.5:
        link = rng.choice(links)
        cell = population.column(link.columns[0])
        parent = ground.words(link.parent)
        assert parent is not None, "links are between tables with words"
        nouns = link.role_plural or f"{link.role}s" if link.role else parent.plural
        asked = (
            f"How many different {nouns} are involved in the {many}?",
            f"Count the different {nouns} behind the {many}; each counts once.",
            f"Over all {many}, how many different {nouns} are there?",
        )
        told = f"the number of different {nouns} of the {many}"
    elif columns:
        words = rng.choice(columns)
        nouns = plural_of(words)
        cell = population.column(words.column)
        ignored = " Leave out unknown ones." if population.has_missing(words.column) else ""
        asked = (
            f"How many different {nouns} occur among the {many}?{ignored}",
            f"Count the distinct {nouns} of the {many}.{ignored}",
            f"Among the {many}, how many different {nouns} are there?{ignored}",
        )
        told = f"the number of different {nouns} among the {many}"
    else:
        return None
    each, different = f"count({cell})", f"count(DISTINCT {cell})"
    counts = population.read(population.rows.with_columns(each, different))
    if not counts or counts[0][0] == counts[0][1]:
        return None
    return intent("distinct", ground, population.rows.with_columns(different), asked, (told,))


def share(ground: Ground, rng: Random) -> Intent | None:
    """The percentage of rows that meet a further condition."""
    whole = drawn(ground, rng, own=(0, 1), depth=int(rng.random() < 0.4), least=10)
    part = narrowed(whole, rng) if whole else None
    if whole is None or part is None:
        return None
    condition, phrase = part.rows.where[-1], part.own[-1]
    nullable = any(
        whole.column(c.column) in condition and whole.has_missing(c.column) for c in whole.words.columns
    )
    told = said_of(phrase, whole)
    case = f"CASE WHEN {condition} THEN 1 ELSE 0 END"
    places = rng.randint(1, 2)
    sql = f"round(100.0 * sum({case}) / count(*), {places})"
    decimals = f"{'one decimal' if places == 1 else 'two decimals'}"
    among = f"the {whole.many}"
    counts = " Count all of them in the total, those where this is unknown included." if nullable else ""
    return intent(
        "share",
        ground,
        whole.rows.with_columns(sql),
        (
            f"What percentage of {among} {told}? Round to {decimals}.{counts}",
            f"Of {among}, what share {told}? Give it in percent, rounded to {decimals}.{counts}",
            f"What percent of {among} {told}, rounded to {decimals}?{counts}",
        ),
        (f"the percentage of {among} that {told}, rounded to {decimals}",),
    )


def said_of(phrase: str, population: Population) -> str:
    """Turns a phrase behind a noun into what is said of the rows: "are hired in 2021", "have a fee of …"."""
    if phrase.startswith("that "):
        return phrase.removeprefix("that ")
    if phrase.startswith("with "):
        return f"have {phrase.removeprefix('with ')}"
    if phrase.startswith("without "):
        return f"are {phrase}"
    event = any(
        c.event and phrase.startswith(c.event) and not c.event.split()[0].endswith("ing")
        for c in population.words.columns
    )
    return f"{'were' if event else 'are'} {phrase}"


def missing(ground: Ground, rng: Random) -> Intent | None:
    """How many rows lack a value, or how many have one."""
    population = drawn(ground, rng, own=(0, 1), depth=int(rng.random() < 0.4), least=4)
    if population is None:
        return None
    roles = (Role.CATEGORY, Role.AMOUNT, Role.LEVEL, Role.DATE, Role.MOMENT, Role.TEXT)
    columns = [c for c in unused(population, *roles) if population.has_missing(c.column)]
    if not columns:
        return None
    words = rng.choice(columns)
    cell, many = population.column(words.column), population.many
    phrase = words.missing or f"without a known {words.phrase}"
    if rng.random() < 0.5:
        told = population.meeting(f"{cell} IS NULL", phrase)
        return counted("missing_values", told)
    sql = f"count(*) - count({cell})" if rng.random() < 0.2 else f"count({cell})"
    known = "no" if "-" in sql else "a"
    verb = f"have {known} {words.phrase} on record"
    return intent(
        "missing_values",
        ground,
        population.rows.with_columns(sql),
        (
            f"How many of the {many} {verb}?",
            f"Count those of the {many} that {verb}.",
            f"Of the {many}, how many {verb}?",
        ),
        (f"the number of {many} that {verb}",),
    )
