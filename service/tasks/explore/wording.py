"""From a statement and its words to an intent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from ...core.execution import Rows
from ...core.observation import SHOWN_ROWS
from ...core.schema import READ_ALL, Permissions
from ...core.task import AnswerKind
from ..ground import Ground
from .english import capital
from .intent import Intent
from .population import Population
from .statement import Select, finished


class Shape(Enum):
    """What the asker wants back."""

    VALUE = "value"
    LIST = "list"
    TABLE = "table"


def intent(
    family: str,
    ground: Ground,
    sql: Select | str,
    questions: Sequence[str],
    requests: Sequence[str],
    shape: Shape = Shape.VALUE,
    *,
    ordered: bool = False,
    notes: tuple[str, ...] = (),
    permissions: Permissions = READ_ALL,
) -> Intent | None:
    """Makes an intent, the kind of its answer read off the visible instance.

    None when the statement fails, or when a condition of it changes nothing there. Sentences are given a
    capital letter; requests are noun phrases.
    """
    text = finished(sql)
    result = ground.instances.run(text, 0, permissions)
    if not isinstance(result, Rows) or (isinstance(sql, Select) and not _all_decide(sql, ground, result)):
        return None
    return Intent(
        family,
        text,
        tuple(capital(question) for question in questions),
        tuple(requests),
        _kind(result, shape),
        ordered,
        notes,
        permissions,
    )


def _all_decide(select: Select, ground: Ground, result: Rows) -> bool:
    """Says whether without any one of its conditions the statement gives something else."""
    for dropped in range(len(select.where)):
        others = select.where[:dropped] + select.where[dropped + 1 :]
        found = ground.instances.run(finished(replace(select, where=others)))
        if isinstance(found, Rows) and found.rows == result.rows:
            return False
    return True


def _kind(result: Rows, shape: Shape) -> AnswerKind | None:
    if len(result.rows) > SHOWN_ROWS or not result.complete:
        return None
    if shape is Shape.LIST:
        return AnswerKind.LIST
    if shape is Shape.TABLE:
        return AnswerKind.TABLE
    value = result.rows[0][0] if result.rows else None
    if value is None:
        return AnswerKind.NULL
    return {int: AnswerKind.INTEGER, float: AnswerKind.FLOAT, str: AnswerKind.STRING}.get(type(value))


@dataclass(frozen=True, slots=True)
class Naming:
    """How rows are told apart in an answer: the columns, their noun, and whether no two rows share them."""

    columns: tuple[str, ...]
    noun: str
    nouns: str
    unique: bool


def naming(population: Population, *, unique: bool = False) -> Naming | None:
    """Gives the names of a population's rows: its label, or its key where it has none.

    With `unique`, only what no two rows of the table share. None where the rows have neither.
    """
    ground, words = population.ground, population.words
    label = [c for c in words.columns if c.column in words.label]
    key = population.key
    if label:
        cells = tuple(population.column(c.column) for c in label)
        alone = ground.is_unique(words.table, tuple(c.column for c in label))
        if alone or not unique:
            nouns = " and ".join(c.plural or f"{c.phrase}s" for c in label)
            return Naming(cells, " and ".join(c.phrase for c in label), nouns, alone)
    return Naming((key,), "id", "ids", True) if key else None
