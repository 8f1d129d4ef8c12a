"""Questions whose answer is that there is none, and questions about how exactly a text is written."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from ..databases.lexicon import Role
from ..ground import Ground, quoted
from .amounts import measure, unused
from .conditions import can_be_said, drawn, holding, narrowed, sayable, told
from .english import said
from .extremes import most
from .intent import Intent
from .population import Population
from .statement import literal
from .wording import Shape, intent, naming

TRIES = 8


def none_of_them(ground: Ground, rng: Random) -> Population | None:
    """Draws conditions that are met one by one, and that no row of the visible instance meets together."""
    depth = int(rng.random() < 0.2)
    population = drawn(ground, rng, own=(0, 0), depth=depth, roles=(Role.CATEGORY,), bounds=False)
    if population is not None and not depth:
        population = narrowed(population, rng, roles=(Role.CATEGORY,), least=1)
    if population is None:
        return None
    columns = unused(population, Role.CATEGORY)
    rng.shuffle(columns)
    for words in columns:
        there = {value for value, _ in population.spread(words.column)}
        known = [v for v in sayable(ground, population.words.table, words.column) if v not in there]
        if known:
            value = rng.choice(known)
            condition = f"{population.column(words.column)} = {literal(value)}"
            return population.meeting(condition, holding(words, told(words, value)))
    return None


def empty_list(ground: Ground, rng: Random) -> Intent | None:
    """A list that has nothing on it."""
    population = none_of_them(ground, rng)
    if population is None:
        return None
    many, name = population.many, naming(population, unique=True)
    if name is None or len(name.columns) > 1 or rng.random() < 0.7:
        return intent(
            "empty_result",
            ground,
            population.rows,
            (
                f"How many {many} are there, if any?",
                f"Count the {many}; say 0 if there are none.",
                f"Are there any {many}? Give their number, 0 for none.",
            ),
            (f"the number of {many}",),
        )
    return intent(
        "empty_result",
        ground,
        population.rows.with_columns(*name.columns),
        (
            f"List the {name.nouns} of the {many}; answer [] if there are none.",
            f"Which {many} are there? Give their {name.nouns}, or [] for none.",
            f"Give the {name.noun} of every {population.one}. If there is none, the answer is [].",
        ),
        (f"the {name.noun} of each {population.one}",),
        Shape.LIST,
    )


def null_of_extreme(ground: Ground, rng: Random) -> Intent | None:
    """A value that the row with the highest or lowest number does not have."""
    ranked = (Role.AMOUNT, Role.LEVEL, Role.DATE, Role.MOMENT)
    for _ in range(TRIES):
        population = drawn(
            ground, rng, own=(0, 1), depth=rng.randrange(2), least=4, roles=ranked, bounds=False
        )
        if population is None or not population.key:
            continue
        columns = unused(population, *ranked)
        lacking = [
            column
            for column in unused(population, Role.CATEGORY, Role.AMOUNT, Role.LEVEL, Role.DATE)
            if population.has_missing(column.column)
        ]
        if not columns or not lacking:
            continue
        words, wanted, high = rng.choice(columns), rng.choice(lacking), rng.random() < 0.5
        cell = population.column(words.column)
        rows = population.rows
        if wanted is words or (not high and population.has_missing(words.column)):
            continue
        sql = replace(
            rows.with_columns(population.column(wanted.column)),
            order=(f"{cell} DESC" if high else cell,),
            limit="1",
        )
        found = population.read(sql)
        if found and found[0][0] is None:
            many, one, noun = population.many, population.words.singular, measure(wanted)
            fact = f"{most(words, high=high)} {words.phrase}"
            return intent(
                "null_answer",
                ground,
                sql,
                (
                    f"Among the {many}, which one has the {fact}? Give the {noun}, or NULL if it is unknown.",
                    f"What is the {noun} of the {one} with the {fact} among the {many}? If it is not on "
                    "record, say NULL.",
                    f"Of all {many}, find the one with the {fact} and give the {noun}; NULL if it is "
                    "missing.",
                ),
                (f"the {noun} of the {one} with the {fact} among the {many}",),
            )
    return None


def null_value(ground: Ground, rng: Random) -> Intent | None:
    """A value that the one row asked about does not have."""
    tables = [
        (words, column)
        for words in ground.tables()
        if len(words.label) == 1 and ground.is_unique(words.table, words.label)
        for column in words.columns
        if column.role not in (Role.NAME, Role.FLAG) and ground.missing(words.table, column.column)
    ]
    if not tables:
        return None
    words, column = rng.choice(tables)
    population = Population.of(ground, words)
    label = quoted(words.label[0])
    found = ground.rows(
        f"SELECT {label} FROM {quoted(words.table)}"
        f" WHERE {quoted(column.column)} IS NULL AND {label} IS NOT NULL ORDER BY {label} LIMIT 200"
    )
    values = [row[0] for row in found if can_be_said(row[0])]
    if not values:
        return None
    value = rng.choice(values)
    phrase = f"the {words.singular} {said(value)}"
    noun = measure(column)
    return intent(
        "null_answer",
        ground,
        population.rows.also(f"{population.column(words.label[0])} = {literal(value)}").with_columns(
            population.column(column.column)
        ),
        (
            f"What is the {noun} of {phrase}? If it is unknown, say NULL.",
            f"Give the {noun} of {phrase}, or NULL if it is not on record.",
            f"Look up {phrase}: what is the {noun}? Answer NULL if there is none.",
        ),
        (f"the {noun} of {phrase}",),
    )


def near_text(ground: Ground, rng: Random) -> Intent | None:
    """Names that differ in capitals or outer spaces only: what counts is said."""
    tables = [(words, c) for words in ground.tables() for c in words.columns if c.role is Role.NAME]
    if not tables:
        return None
    words, column = rng.choice(tables)
    cell, table = quoted(column.column), quoted(words.table)
    groups = ground.rows(
        f"SELECT min(trim({cell})) FROM {table} GROUP BY lower(trim({cell}))"
        f" HAVING count(DISTINCT {cell}) > 1 ORDER BY 1 LIMIT 200"
    )
    values = [row[0] for row in groups if can_be_said(row[0]) and str(row[0]).isascii()]
    if not values:
        return None
    population = Population.of(ground, words)
    of = population.column(column.column)
    draw = rng.random()
    noun, plural = column.phrase, words.plural
    if draw < 0.3:
        texts = [str(value).strip() for value, _ in ground.values(words.table, column.column)]
        if len({text.casefold() for text in texts}) != len({_lower(text) for text in texts}):
            return None  # SQLite's lower() leaves letters beyond ASCII alone
        same = "when capital letters and spaces before or after are disregarded"
        return intent(
            "near_text",
            ground,
            population.rows.with_columns(f"count(DISTINCT lower(trim({of})))"),
            (
                f"How many different {noun}s do the {plural} have {same}?",
                f"Count the distinct {noun}s of the {plural}, {same}.",
                f"How many distinct {noun}s remain among the {plural} {same}?",
            ),
            (f"the number of different {noun}s of the {plural}, {same}",),
        )
    value = rng.choice(values)
    assert isinstance(value, str), "a value that is grouped by its letters"
    text = said(value, quoted=True)
    if draw < 0.7:
        rows = population.rows.also(f"lower(trim({of})) = {literal(value.lower())}")
        how = "whatever its capital letters and the spaces around it"
        return intent(
            "near_text",
            ground,
            rows,
            (
                f"How many {plural} have the {noun} {text}, {how}?",
                f"Count the {plural} with the {noun} {text}, {how}.",
                f"For how many {plural} is the {noun} {text}, {how}?",
            ),
            (f"the number of {plural} with the {noun} {text}, {how}",),
        )
    how = "written exactly so, with these capital letters and no further spaces"
    return intent(
        "near_text",
        ground,
        population.rows.also(f"{of} = {literal(value)}"),
        (
            f"How many {plural} have the {noun} {text}, {how}?",
            f"Count the {plural} with the {noun} {text}, {how}.",
            f"For how many {plural} is the {noun} {text}, {how}?",
        ),
        (f"the number of {plural} with the {noun} {text}, {how}",),
    )


def _lower(text: str) -> str:
    """Gives what SQLite's lower() gives, which leaves letters beyond ASCII as they are."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


def begins_with(ground: Ground, rng: Random) -> Intent | None:
    """Names that begin with a letter or hold a word."""
    tables = [
        (words, c)
        for words in ground.tables()
        for c in words.columns
        if c.role is Role.NAME and ground.varies(words.table)
    ]
    if not tables:
        return None
    words, column = rng.choice(tables)
    population = Population.of(ground, words)
    of = population.column(column.column)
    values = [v for v, _ in ground.values(words.table, column.column) if isinstance(v, str) and v.strip()]
    if not values:
        return None
    value = rng.choice(values)
    parts = [part for part in value.split() if part.isascii() and part.isalpha() and len(part) > 2]
    first = value.strip()[0]
    if parts and rng.random() < 0.5:
        pattern, phrase = f"%{rng.choice(parts)}%", ""
        phrase = f"contains {said(pattern.strip('%'), quoted=True)}"
    elif first.isascii() and first.isalpha():
        pattern, phrase = f"{first.upper()}%", f"begins with the letter {first.upper()}"
    else:
        return None
    how = "in capital or small letters"
    plural = words.plural
    return intent(
        "text_pattern",
        ground,
        population.rows.also(f"{of} LIKE {literal(pattern)}"),
        (
            f"How many {plural} have a {column.phrase} that {phrase}, {how}?",
            f"Count the {plural} whose {column.phrase} {phrase}, {how}.",
            f"What is the number of {plural} whose {column.phrase} {phrase}, {how}?",
        ),
        (f"the number of {plural} whose {column.phrase} {phrase}, {how}",),
    )
