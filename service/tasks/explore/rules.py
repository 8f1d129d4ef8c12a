"""Questions with a rule or a restriction that the asker adds, and questions that give no column away."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from random import Random

from ...core.execution import Rows
from ...core.schema import Permissions
from ..databases.lexicon import Conversion, Exclusion, FiscalYear, Role
from ..ground import Ground
from .amounts import aggregated, counted
from .conditions import is_date, narrowed, narrowed_often, reaches, under_parent
from .english import day
from .intent import Intent
from .population import Population
from .statement import column
from .wording import intent

Builder = Callable[[Ground, Random], Intent | None]

TRIES = 4


def excluded(ground: Ground, rng: Random, builders: tuple[Builder, ...]) -> Intent | None:
    """Any question about a table of which certain rows never count."""
    rules = [rule for rule in ground.lexicon.rules if isinstance(rule, Exclusion)]
    if not rules:
        return None
    rule = rng.choice(rules)
    ruled = ground.ruled(rule)
    for _ in range(TRIES):
        made = rng.choice(builders)(ruled, rng)
        if made is not None and _names(made.sql, rule.table):
            return replace(made, family=f"rule_{rule.name}", notes=(rule.note,))
    return None


def screened(ground: Ground, rng: Random, builders: tuple[Builder, ...]) -> Intent | None:
    """Any question that must be answered from a view, since its table may not be read."""
    if not ground.lexicon.screens:
        return None
    screen = rng.choice(ground.lexicon.screens)
    behind = ground.screened(screen)
    permissions = Permissions(denied=frozenset({screen.table}))
    for _ in range(TRIES):
        made = rng.choice(builders)(behind, rng)
        if made is None or not _names(made.sql, screen.view):
            continue
        # SQLite may ask leave for the table where a subquery refers to the view, and is refused then.
        if isinstance(ground.instances.run(made.sql, 0, permissions), Rows):
            notes = (screen.note,)
            return replace(made, family="permissioned_view", notes=notes, permissions=permissions)
    return None


def unnamed_columns(ground: Ground, rng: Random, builders: tuple[Builder, ...]) -> Intent | None:
    """Any question in which no column of the statement stands by its name."""
    for _ in range(TRIES):
        made = rng.choice(builders)(ground, rng)
        if made is None:
            continue
        names = columns_named(made.sql, ground)
        questions = tuple(question for question in made.questions if not _gives_away(question, names))
        requests = tuple(request for request in made.requests if not _gives_away(request, names))
        if questions and requests:
            return replace(made, family="unnamed_columns", questions=questions, requests=requests)
    return None


def columns_named(sql: str, ground: Ground) -> frozenset[str]:
    """Gives the columns of the schema whose names a statement holds."""
    words = {word.casefold() for word in re.findall(r"\w+", sql)}
    return frozenset(
        column.name
        for table in ground.schema.tables
        for column in table.columns
        if column.name.casefold() in words
    )


def _gives_away(text: str, names: frozenset[str]) -> bool:
    spoken = {name.replace("_", " ") for name in names} | names
    return any(re.search(rf"(?i)\b{re.escape(name)}\b", text) for name in spoken)


def _names(sql: str, table: str) -> bool:
    return re.search(rf"\b{re.escape(table)}\b", sql) is not None


def fiscal_year(ground: Ground, rng: Random) -> Intent | None:
    """A count or a sum over a year that does not begin in January."""
    rules = [rule for rule in ground.lexicon.rules if isinstance(rule, FiscalYear)]
    rules = [rule for rule in rules if ground.words(rule.table)]
    if not rules:
        return None
    rule = rng.choice(rules)
    words = ground.words(rule.table)
    assert words is not None, "only rules on tables with words are drawn"
    population: Population | None = Population.of(ground, words)
    if reaches(ground, rule.table, 1) and rng.random() < 0.5 and population is not None:
        links = [link for link in ground.parents(rule.table) if link.parent != rule.table]
        population = under_parent(population, rng.choice(links), rng, least=10) if links else None
    if population is None:
        return None
    if rng.random() < 0.5:
        population = narrowed(population, rng, roles=(Role.CATEGORY, Role.FLAG), least=8) or population
    days = sorted({str(value)[:10] for value, _ in population.spread(rule.column) if is_date(value)})
    if not days:
        return None
    year = int(rng.choice(days)[:4]) + rng.randrange(2)
    first = f"{year - 1}-{rule.first_month:02}-01" if rule.first_month > 1 else f"{year}-01-01"
    after = f"{int(first[:4]) + 1}{first[4:]}"
    inside = [d for d in days if first <= d < after]
    if len(inside) < 2:
        return None
    last = _day_before(after)
    cell = population.column(rule.column)
    if inside[0] == first and inside[-1] == last:
        condition = f"date({cell}) BETWEEN '{first}' AND '{last}'"
    else:
        condition = f"strftime('%Y', {cell}, '+{(13 - rule.first_month) % 12} months') = '{year}'"
    spoken = next((c for c in words.columns if c.column == rule.column), None)
    told = f"{spoken.event} in fiscal year {year}" if spoken and spoken.event else f"of fiscal year {year}"
    within = population.meeting(condition, told)
    note = rule.note.format(year=year, first=day(first), last=day(last))
    made = _figure(within, rng)
    return replace(made, family="rule_fiscal_year", notes=(note,)) if made else None


def _figure(population: Population, rng: Random) -> Intent | None:
    made = aggregated("rule_fiscal_year", population, rng) if rng.random() < 0.5 else None
    return made or counted("rule_fiscal_year", population)


def _day_before(iso: str) -> str:
    return (date.fromisoformat(iso) - timedelta(1)).isoformat()


def conversion(ground: Ground, rng: Random) -> Intent | None:
    """An amount that is kept in one unit and asked for in another."""
    rules = [rule for rule in ground.lexicon.rules if isinstance(rule, Conversion)]
    rules = [rule for rule in rules if ground.words(rule.table)]
    if not rules:
        return None
    rule = rng.choice(rules)
    words = ground.words(rule.table)
    assert words is not None, "only rules on tables with words are drawn"
    population: Population | None = Population.of(ground, words)
    links = [link for link in ground.parents(rule.table) if link.parent != rule.table]
    if links and rng.random() < 0.5 and population is not None:
        population = under_parent(population, rng.choice(links), rng, least=4)
    population = narrowed_often(population, rng, rng.randint(0, 2)) if population else None
    if population is None:
        return None
    expression = rule.expression.replace("{t}.", column(population.alias))
    spoken = next((each for each in words.columns if each.column == rule.column), None)
    figures = [("avg", "average"), ("max", "highest"), ("min", "lowest")]
    if spoken is not None and spoken.role is Role.AMOUNT:  # a level adds up to nothing
        figures.append(("sum", "total"))
    function, word = rng.choice(figures)
    many = population.many
    return intent(
        "rule_conversion",
        ground,
        population.rows.with_columns(f"{function}({expression})"),
        (
            f"What is the {word} {rule.phrase} of the {many}?",
            f"Give the {word} {rule.phrase} over all {many}.",
            f"Over the {many}, what is the {word} {rule.phrase}?",
        ),
        (f"the {word} {rule.phrase} of the {many}",),
        notes=(rule.note,),
    )
