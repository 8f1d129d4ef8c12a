"""Leaks between the splits of a bank: what a learner could carry from one to another without any skill.

Grave are: a question or ticket that two splits have word for word; gold that two splits have to the letter; a
table that a database to report on has in common with one to learn from, name, columns and all; many columns
in common; many long texts in common. Not grave, but told: gold of two splits that has the same shape and the
same values under other names, which cannot be avoided for simple questions. Short texts are not compared:
names of people and cities are drawn from the same lists everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from hashlib import blake2b

import apsw
import sqlglot
from sqlglot import exp

from ..core.task import Split, Task, TaskKind
from .bank import TaskBank
from .remembered import Remembered

LEAST_COLUMNS = 3  # of a table that is compared: smaller ones look alike by chance
SAME_COLUMNS = 0.5  # the share of a database's columns, with their tables' names, that another may have
LONG_TEXT = 24  # characters of a text that is hardly drawn twice by chance
SAME_TEXTS = 0.10  # the share of a database's long texts that databases to learn from may have
SAME_TABLES = 0.5  # the share of a drifted database's tables that may look as before

_TOLD = 5  # examples of what is not grave


class LeakKind(Enum):
    """What two splits share."""

    QUESTION = "equal question"
    GOLD = "equal gold"
    SHAPE = "equal shape and values"
    TABLE = "equal table"
    COLUMNS = "columns in common"
    TEXTS = "texts in common"
    NO_DRIFT = "too little drift"


GRAVE = frozenset(LeakKind) - {LeakKind.SHAPE}


@dataclass(frozen=True, slots=True)
class Leak:
    """What is shared, in one sentence."""

    kind: LeakKind
    reason: str

    @property
    def is_grave(self) -> bool:
        """A bank with it must not be built."""
        return self.kind in GRAVE

    def __str__(self) -> str:
        return f"{self.kind.value}: {self.reason}"


def find_leaks(bank: TaskBank) -> list[Leak]:
    """Gives what the splits of a bank share, the tasks first."""
    return [*_task_leaks(bank), *_database_leaks(bank)]


def asked(task: Task) -> str:
    """Gives what a task asks, without case, punctuation and blanks; for a repair task with its statement."""
    words = " ".join(re.findall(r"\w+", task.prompt.casefold()))
    return f"{words}\n{' '.join(task.broken_sql.split())}" if task.kind is TaskKind.REPAIR else words


def shape(sql: str) -> str:
    """Gives gold with its tables and columns numbered as they come: equal for equal gold on another schema.

    Empty for what sqlglot cannot read.
    """
    try:
        statement = sqlglot.parse_one(sql, read="sqlite")
    except sqlglot.errors.SqlglotError:
        return ""
    numbers: dict[str, str] = {}
    for identifier in statement.find_all(exp.Identifier):
        name = str(identifier.this).casefold()
        identifier.set("this", numbers.setdefault(name, f"n{len(numbers)}"))
        identifier.set("quoted", False)
    return statement.sql("sqlite", copy=False)


def _task_leaks(bank: TaskBank) -> Iterator[Leak]:
    """Compares every task with those of the splits before."""
    seen = Remembered()  # the position that has it first
    alike, examples = 0, list[str]()
    for position, task in enumerate(bank.tasks):
        for kind, text in (
            (LeakKind.QUESTION, asked(task)),
            (LeakKind.GOLD, " ".join(task.gold_sql.split())),
            (LeakKind.SHAPE, _telling_shape(task)),
        ):
            first = seen.first(f"{kind.value}/{text}", position) if text else position
            if first == position or bank.split_at(first) is task.split:
                continue
            other = bank.tasks[first].task_id
            if kind is LeakKind.SHAPE:
                alike += 1
                examples += [f"{task.task_id} and {other}"] if len(examples) < _TOLD else []
                continue
            yield Leak(kind, f"{task.task_id} ({task.split.name}) and {other} ({bank.split_at(first).name})")
    if alike:
        yield Leak(LeakKind.SHAPE, f"{alike} tasks of other splits, such as {'; '.join(examples)}")


def _telling_shape(task: Task) -> str:
    """Gives the shape of gold that has values in it; what has none says nothing."""
    return shape(task.gold_sql) if "'" in task.gold_sql else ""


@dataclass(frozen=True, slots=True)
class _Content:
    """What a database's visible instance holds: tables with their columns, and the hashes of long texts."""

    database_id: str
    split: Split
    tables: dict[str, frozenset[str]]
    texts: frozenset[int]

    def columns(self) -> set[str]:
        return {f"{table}.{column}" for table, columns in self.tables.items() for column in columns}


def _database_leaks(bank: TaskBank) -> Iterator[Leak]:
    """Compares every database that is not learnt from with all that are."""
    contents = [
        _content(info.database_id, info.split, bank.images(info.database_id).images[0])
        for info in bank.databases
    ]
    learnt = [content for content in contents if content.split is Split.TRAIN]
    for content in contents:
        if content.split is Split.TRAIN:
            continue
        if content.split is Split.TEST_DRIFT:
            yield from _without_drift(content, learnt)
        else:
            for other in learnt:
                yield from _shared_schema(content, other)
        yield from _shared_texts(content, learnt)


def _shared_schema(content: _Content, other: _Content) -> Iterator[Leak]:
    for table, columns in content.tables.items():
        if len(columns) >= LEAST_COLUMNS and other.tables.get(table) == columns:
            yield Leak(LeakKind.TABLE, f"{table} of {content.database_id} is also in {other.database_id}")
    share = len(content.columns() & other.columns()) / max(1, len(content.columns()))
    if share > SAME_COLUMNS:
        yield Leak(
            LeakKind.COLUMNS,
            f"{share:.0%} of the columns of {content.database_id} are also in {other.database_id}",
        )


def _without_drift(content: _Content, learnt: Iterable[_Content]) -> Iterator[Leak]:
    for other in learnt:
        same = sum(other.tables.get(table) == columns for table, columns in content.tables.items())
        if same > SAME_TABLES * len(content.tables):
            yield Leak(
                LeakKind.NO_DRIFT,
                f"{same} of the {len(content.tables)} tables of {content.database_id} are as in "
                f"{other.database_id}",
            )


def _shared_texts(content: _Content, learnt: Iterable[_Content]) -> Iterator[Leak]:
    shared = content.texts & frozenset[int]().union(*(other.texts for other in learnt))
    share = len(shared) / max(1, len(content.texts))
    # A drifted database has its domain's fixed lists, whose rows are named and described alike.
    if share > SAME_TEXTS and content.split is not Split.TEST_DRIFT:
        yield Leak(
            LeakKind.TEXTS,
            f"{share:.0%} of the {len(content.texts)} texts of {LONG_TEXT} characters and more of "
            f"{content.database_id} are also in databases to learn from",
        )


def _content(database_id: str, split: Split, image: bytes) -> _Content:
    connection = apsw.Connection(":memory:")
    try:
        connection.deserialize("main", image)
        tables: dict[str, set[str]] = {}
        texts: set[int] = set()
        for table, column in connection.execute(
            "SELECT t.name, c.name FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c"
            " WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        ).fetchall():
            table, column = str(table), str(column)
            tables.setdefault(table.casefold(), set()).add(column.casefold())
            name, source = (f'"{part.replace(chr(34), chr(34) * 2)}"' for part in (column, table))
            for (text,) in connection.execute(
                f"SELECT DISTINCT {name} FROM {source} WHERE typeof({name}) = 'text' AND length({name}) >= ?",
                (LONG_TEXT,),
            ):
                texts.add(int.from_bytes(blake2b(str(text).encode(), digest_size=8).digest()))
        return _Content(
            database_id,
            split,
            {table: frozenset(columns) for table, columns in tables.items()},
            frozenset(texts),
        )
    finally:
        connection.close()
