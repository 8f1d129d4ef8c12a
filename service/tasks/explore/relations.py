"""Questions about how rows of several tables belong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from ..databases.lexicon import Link, Role
from ..ground import Ground
from .amounts import measure, unused
from .conditions import narrowed, narrowed_often, sayable, under_parent
from .english import article, listed, said
from .intent import Intent
from .population import Population, matching, with_child
from .statement import Select, finished, joined, literal, nested
from .wording import Shape, intent, naming


def own_children(ground: Ground, rng: Random) -> tuple[Population, Link, Population] | None:
    """Draws parents, a link to them from another table, and all their children."""
    links = [
        link
        for words in ground.tables()
        for link in ground.children(words.table)
        if link.child != link.parent
    ]
    if not links:
        return None
    link = rng.choice(links)
    words, child_words = ground.words(link.parent), ground.words(link.child)
    if words is None or child_words is None:
        return None
    parent = Population.of(ground, words)
    return parent, link, Population.of(ground, child_words, parent.aliases)


def asked_of(
    family: str, population: Population, rng: Random, *, distinct: bool = False, most: int = 15
) -> Intent | None:
    """Asks how many rows there are, or for their names where these are few."""
    ground, many, rows = population.ground, population.many, population.rows
    number = population.counted()
    name = naming(population, unique=True)
    if name is not None and len(name.columns) == 1 and 2 <= number <= most and rng.random() < 0.75:
        return intent(
            family,
            ground,
            replace(rows.with_columns(*name.columns), distinct=distinct),
            (
                f"Which {many} are there? Give their {name.nouns}.",
                f"List the {name.nouns} of all {many}.",
                f"Give me the {name.noun} of every {population.one}.",
            ),
            (f"the {name.noun} of each {population.one}", f"the {name.nouns} of all {many}"),
            Shape.LIST,
        )
    if number < 2:
        return None
    return intent(
        family,
        ground,
        rows.with_columns("count(*)"),
        (
            f"How many {many} are there?",
            f"Count the {many}.",
            f"What is the number of {many}?",
        ),
        (f"the number of {many}",),
    )


def with_children(ground: Ground, rng: Random) -> Intent | None:
    """Rows that have at least one child that meets a condition: a semi-join."""
    found = own_children(ground, rng)
    child = narrowed_often(found[2], rng, rng.randint(1, 2), needed=1, bounds=False) if found else None
    if found is None or child is None:
        return None
    parent, link, _ = found
    if rng.random() < 0.5:
        parent = narrowed(parent, rng) or parent
    population = with_child(parent, link, child, f"at least one {child.one}")
    if with_child(parent, link, found[2], "").counted() == population.counted():
        return None
    return asked_of("semi_join", population, rng)


def without_children(ground: Ground, rng: Random) -> Intent | None:
    """Rows that have no child, or none that meets a condition: an anti-join."""
    found = own_children(ground, rng)
    if found is None:
        return None
    parent, link, child = found
    if rng.random() < 0.7:
        child = narrowed(child, rng, bounds=False) or child
    if rng.random() < 0.6:
        parent = narrowed(parent, rng) or parent
    return asked_of("anti_join", with_child(parent, link, child, child.many, no=True), rng)


def many_to_many(ground: Ground, rng: Random) -> Intent | None:
    """Rows that have a child that belongs to another parent: two tables that a third one ties together."""
    found = own_children(ground, rng)
    if found is None:
        return None
    parent, link, child = found
    others = [up for up in ground.parents(child.words.table) if up.parent not in (link.parent, link.child)]
    if not others:
        return None
    tied = under_parent(child, rng.choice(others), rng, least=2)
    if tied is None:
        return None
    if rng.random() < 0.3:
        tied = narrowed(tied, rng, bounds=False) or tied
    if rng.random() < 0.3:
        parent = narrowed(parent, rng) or parent
    population = with_child(parent, link, tied, f"at least one {tied.one}")
    if rng.random() < 0.35 and len(link.columns) == 1 and not parent.described:
        plural = parent.words.plural
        return intent(
            "many_to_many",
            ground,
            tied.rows.with_columns(f"count(DISTINCT {tied.column(link.columns[0])})"),
            (
                f"How many different {population.many} are there?",
                f"Count the {population.many}; each counts once.",
                f"What is the number of different {population.many}?",
            ),
            (f"the number of different {plural} {population.last}",),
        )
    return asked_of("many_to_many", population, rng)


def self_reference(ground: Ground, rng: Random) -> Intent | None:
    """Rows compared with the row of the same table that they refer to, or counted under it."""
    links = [
        link
        for words in ground.tables()
        for link in ground.parents(words.table)
        if link.parent == words.table and ground.varies(words.table)
    ]
    if not links:
        return None
    link = rng.choice(links)
    words = ground.words(link.child)
    assert words is not None, "links are between tables with words"
    rows = Population.of(ground, words)
    boss = Population.of(ground, words, rows.aliases)
    role = link.role or f"own {words.singular}"
    pairs = [
        (boss.column(theirs), rows.column(mine))
        for mine, theirs in zip(link.columns, link.parent_columns, strict=True)
    ]
    draw = rng.random()
    if draw < 0.3:
        return _under_one(ground, rows, link, rng)
    if rng.random() < 0.5:
        rows = narrowed(rows, rng) or rows
    both = replace(rows.rows, joins=(joined(words.table, boss.alias, pairs),))
    numbers = [
        each
        for each in unused(rows, Role.AMOUNT, Role.LEVEL, Role.DATE)
        if rows.read(both.also(f"{rows.column(each.column)} = {boss.column(each.column)}"))[0][0]
    ]  # with equals among them, so that it shows whether these count
    groups = unused(rows, Role.CATEGORY)
    owner = "their" if words.person else "their own"
    if numbers and (draw < 0.7 or not groups):
        column = rng.choice(numbers)
        more = rng.random() < 0.5
        timely = column.role is Role.DATE or "year" in column.phrase.split()
        word = ("later" if more else "earlier") if timely else ("higher" if more else "lower")
        condition = f"{rows.column(column.column)} {'>' if more else '<'} {boss.column(column.column)}"
        told = f"have {article(f'{word} {column.phrase}')} than {owner} {role}"
    elif groups:
        column = rng.choice(groups)
        same = rng.random() < 0.5
        condition = f"{rows.column(column.column)} {'=' if same else '<>'} {boss.column(column.column)}"
        word, than = ("the same", "as") if same else ("another", "than")
        told = f"have {word} {column.phrase} {than} {owner} {role}"
    else:
        return None
    return _told_of("self_reference", rows, both.also(condition), told)


def _told_of(family: str, rows: Population, sql: Select, told: str) -> Intent | None:
    found = rows.read(sql.with_columns("count(*)"))
    number = found[0][0] if found else 0
    if not isinstance(number, int) or number < 2:
        return None
    name, many = naming(rows, unique=True), rows.many
    if name is not None and len(name.columns) == 1 and number <= 15:
        return intent(
            family,
            rows.ground,
            sql.with_columns(*name.columns),
            (
                f"Which {many} {told}? Give their {name.nouns}.",
                f"List the {name.nouns} of the {many} {rows.who} {told}.",
                f"Some {many} {told}. What are their {name.nouns}?",
            ),
            (f"the {name.nouns} of the {many} {rows.who} {told}",),
            Shape.LIST,
        )
    return intent(
        family,
        rows.ground,
        sql.with_columns("count(*)"),
        (
            f"How many {many} {told}?",
            f"Count the {many} {rows.who} {told}.",
            f"What is the number of {many} {rows.who} {told}?",
        ),
        (f"the number of {many} {rows.who} {told}",),
    )


def _under_one(ground: Ground, rows: Population, link: Link, rng: Random) -> Intent | None:
    """Rows that refer to nobody, or those that one or more refer to."""
    words = rows.words
    if rng.random() < 0.5:
        rows = narrowed(rows, rng) or rows
    child = Population.of(ground, words, rows.aliases)
    if rng.random() < 0.5:
        child = narrowed(child, rng) or child
    no = rng.random() < 0.4
    phrase = child.many if no else f"at least one {child.one}"
    return asked_of("self_reference", with_child(rows, link, child, phrase, no=no), rng)


def lookup(ground: Ground, rng: Random) -> Intent | None:
    """A value of the one parent (or parent's parent) of one named or numbered row."""
    tables = [w for w in ground.tables() if ground.parents(w.table)]
    if not tables:
        return None
    words = rng.choice(tables)
    population = Population.of(ground, words)
    key = population.key
    label = [c for c in words.columns if c.column in words.label]
    alone = len(label) == 1 and ground.is_unique(words.table, words.label)
    beside: list[tuple[str, ...]] = []  # what asks for the rows next to an id, which give something else
    if alone and rng.random() < 0.8:
        values = sayable(ground, words.table, label[0].column)
        if not values:
            return None
        value = rng.choice(values)
        rows, phrase = (
            population.rows.also(f"{population.column(label[0].column)} = {literal(value)}"),
            said(value),
        )
        one = f"the {words.singular} {phrase}"
    elif key:
        ids = population.read(population.rows.with_columns(f"min({key})", f"max({key})"))
        if not ids or not isinstance(ids[0][0], int) or not isinstance(ids[0][1], int):
            return None
        number = rng.randint(ids[0][0], ids[0][1])
        rows, one = population.rows.also(f"{key} = {number}"), f"the {words.singular} with the id {number}"
        beside = [(*population.rows.where, f"{key} = {number + step}") for step in (1, -1)]
    else:
        return None
    steps = rng.choice((1, 1, 2, 3))
    at, told = population, one
    for _ in range(steps):
        links = [up for up in ground.parents(at.words.table) if up.parent != up.child]
        if not links:
            break
        link = rng.choice(links)
        parent_words = ground.words(link.parent)
        assert parent_words is not None, "links are between tables with words"
        parent = Population.of(ground, parent_words, at.aliases)
        pairs = [
            (parent.column(theirs), at.column(mine))
            for mine, theirs in zip(link.columns, link.parent_columns, strict=True)
        ]
        rows = replace(rows, joins=(*rows.joins, joined(link.parent, parent.alias, pairs)))
        told = f"the {link.role or parent_words.singular} of {told}"
        at = parent
    if at is population:
        return None
    columns = [c for c in at.words.columns if c.role is not Role.TEXT and c.role is not Role.FLAG]
    if not columns:
        return None
    column = rng.choice(columns)
    shown = rows.with_columns(at.column(column.column))
    found = at.read(shown)
    if len(found) != 1 or any(at.read(replace(shown, where=where)) == found for where in beside):
        return None
    noun = measure(column)
    unknown = " If it is not on record, say NULL." if found[0][0] is None else ""
    return intent(
        "null_answer" if unknown else "lookup",
        ground,
        shown,
        (
            f"What is the {noun} of {told}?{unknown}",
            f"Give the {noun} of {told}.{unknown}",
            f"Take {one}: what is the {noun} of {told.removesuffix(f' of {one}')}?{unknown}",
        ),
        (f"the {noun} of {told}",),
    )


_SETS = (
    ("INTERSECT", "and also"),
    ("INTERSECT", "and also"),
    ("EXCEPT", "but"),
    ("UNION", "or"),
)


def set_operation(ground: Ground, rng: Random) -> Intent | None:
    """Parents with children of one kind and another, of one but not another, or of either."""
    found = own_children(ground, rng)
    if found is None or len(found[1].columns) != 1:
        return None
    parent, link, child = found
    first, second = narrowed(child, rng, bounds=False), narrowed(child, rng, bounds=False)
    if first is None or second is None or first.own == second.own:
        return None
    operator, word = rng.choice(_SETS)
    mine = child.column(link.columns[0])
    known = (f"{mine} IS NOT NULL",) if child.has_missing(link.columns[0]) else ()
    parts = (
        first.rows.also(*known).with_columns(mine),
        second.rows.also(*(known if operator == "UNION" else ())).with_columns(mine),
    )
    sql = f"{parts[0]}\n{operator}\n{parts[1]}"
    ids = {row[0] for row in parent.read(sql)}
    left, right, every = (
        {row[0] for row in child.read(part)} for part in (*parts, child.rows.also(*known).with_columns(mine))
    )
    if len(ids) < 2 or ids in (left, right, every, every - right):
        return None  # one of the two conditions decides nothing
    plural = parent.words.plural
    having = link.having.replace("{}", f"at least one {first.one}")
    if operator == "EXCEPT":
        told = f"{having}, {word} {link.without.replace('{}', second.many)}"
    else:
        told = f"{having} {word} {link.having.replace('{}', f'at least one {second.one}')}"
    both = {"UNION": f" (or both; {'everyone' if parent.words.person else 'each'} once)"}.get(operator, "")
    if len(ids) > 15 or rng.random() < 0.3:
        return intent(
            "set_operation",
            ground,
            f"SELECT count(*)\nFROM {nested(sql)}",
            (
                f"How many {plural} {told}{both} are there?",
                f"Count the {plural} {told}{both}.",
                f"What is the number of {plural} {told}{both}?",
            ),
            (f"the number of {plural} {told}{both}",),
        )
    return intent(
        "set_operation",
        ground,
        sql,
        (
            f"Give the ids of all {plural} {told}{both}.",
            f"Which {plural} {told}{both} are there? Give their ids.",
            f"List the ids of the {plural} {told}{both}.",
        ),
        (f"the ids of the {plural} {told}{both}",),
        Shape.LIST,
    )


def two_branches(ground: Ground, rng: Random) -> Intent | None:
    """Numbers over two one-to-many links of the same parents, which one join would multiply."""
    tables = [
        words
        for words in ground.tables()
        if len({link.child for link in ground.children(words.table)} - {words.table}) >= 2
        and ground.key(words.table)
    ]
    if not tables:
        return None
    words = rng.choice(tables)
    links = [
        link for link in ground.children(words.table) if link.child != words.table and len(link.columns) == 1
    ]
    if len({link.child for link in links}) < 2:
        return None
    first, second = rng.sample(links, 2)
    if first.child == second.child:
        return None
    parent = Population.of(ground, words)
    name = naming(parent, unique=True)
    parent_ = narrowed_often(parent, rng, rng.randint(1, 2), needed=1)
    if name is None or parent_ is None or not parent.key:
        return None
    parent = parent_
    sides, taken = [], parent.aliases
    for link in (first, second):
        child_words = ground.words(link.child)
        assert child_words is not None, "links are between tables with words"
        child = Population.of(ground, child_words, taken)
        taken = child.aliases
        amounts = ground.columns(link.child, Role.AMOUNT)
        on = matching(link, child, parent)
        if amounts and rng.random() < 0.6:
            column = rng.choice(amounts)
            value, told = (
                f"sum({child.column(column.column)})",
                f"the total {measure(column)} of {_own(parent)} {child_words.plural}",
            )
        else:
            value, told = "count(*)", f"the number of {_own(parent)} {child_words.plural}"
        sides.append((child.rows.also(*on).with_columns(value), told, value))
    if parent.counted() > 12:
        total = [_over_all(parent, side) for side in sides]
        return _two_totals(parent, total)
    cells = [
        f"coalesce({nested(sql)}, 0)" if _gives_null(parent, sql) else nested(sql) for sql, _, _ in sides
    ]
    told = listed([name.noun, *(text for _, text, _ in sides)])
    zero = "Where there are none, show 0."
    return intent(
        "two_branches",
        ground,
        _spread(parent.rows.with_columns(*name.columns, *cells)),
        (
            f"For each {parent.one}, give {told}. {zero}",
            f"Make a table of the {parent.many}: {told}. {zero}",
            f"Show, for every {parent.one}, {told}. {zero}",
        ),
        (f"for each {parent.one}: {told} (0 where there are none)",),
        Shape.TABLE,
    )


def _gives_null(parent: Population, cell: Select) -> bool:
    """Says whether a cell is NULL for one of the parents in any instance."""
    sql = finished(parent.rows.also(f"{nested(cell)} IS NULL"))
    return any(parent.ground.count(sql, instance) for instance in range(len(parent.ground.instances)))


def _own(parent: Population) -> str:
    return "their" if parent.words.person else "its"


def _spread(select: Select) -> Select:
    return replace(
        select, columns=(", ".join(select.columns[:-2]) + ",\n" + ",\n".join(select.columns[-2:]),)
    )


def _over_all(parent: Population, side: tuple[Select, str, str]) -> tuple[Select, str]:
    """Gives one branch's number over all parents together."""
    sql, told, value = side
    bare = replace(sql, where=())
    mine = [condition.split(" = ") for condition in sql.where]
    join = joined(parent.words.table, parent.alias, [(theirs, own) for own, theirs in mine])
    return replace(bare, joins=(join,), where=parent.rows.where, columns=(value,)), told.replace(
        f"of {_own(parent)} ", "of their "
    )


def _two_totals(parent: Population, totals: Sequence[tuple[Select, str]]) -> Intent | None:
    (first, told), (second, other) = totals
    texts = f"{told} and {other}"
    return intent(
        "two_branches",
        parent.ground,
        f"SELECT {nested(first)},\n{nested(second)}",
        (
            f"Over all {parent.many} together: what are {texts}? Give one row of two numbers.",
            f"Take all {parent.many} together and give {texts}, in one row.",
            f"For the {parent.many} as a whole, give {texts} as a row of two numbers.",
        ),
        (f"one row with {texts}, over all {parent.many} together",),
        Shape.TABLE,
    )
