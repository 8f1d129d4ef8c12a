"""Why a statement did not run, in words that help to mend it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import Final

import apsw

from ..core.execution import ActionError, ErrorKind
from ..core.schema import Permissions, Schema, Table
from .functions import similar_functions

MAX_NAMES: Final = 50
"""The most names that an error offers."""

_OUT_OF_MEMORY: Final = "out of memory: the statement needs more than it may use"
_MEMORY_ERRORS: Final = (
    MemoryError,
    apsw.NoMemError,
    apsw.IOError,
    apsw.FullError,
)  # all files are in memory
_BY_CLASS: Final[tuple[tuple[type[Exception], ErrorKind, str], ...]] = (
    (apsw.TooBigError, ErrorKind.LIMIT, "string or blob too big: a value or row passes the size limit"),
    (
        apsw.BindingsError,
        ErrorKind.SYNTAX,
        "parameters have no value here: write the values into the statement",
    ),
    (apsw.ReadOnlyError, ErrorKind.DENIED, ""),
    (apsw.AuthError, ErrorKind.DENIED, ""),
    (apsw.ConstraintError, ErrorKind.CONSTRAINT, ""),
    (UnicodeError, ErrorKind.OTHER, "a returned text is not valid UTF-8"),
)
_BY_MESSAGE: Final[tuple[tuple[re.Pattern[str], ErrorKind], ...]] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), kind)
    for pattern, kind in (
        (r"no such table: (?P<name>.*)", ErrorKind.NO_SUCH_TABLE),
        (r"no such column: (?P<name>\".*?\"|.*?)(?: - should .*)?$", ErrorKind.NO_SUCH_COLUMN),
        (r"table (?P<table>.*) has no column named (?P<name>.*)", ErrorKind.NO_SUCH_COLUMN),
        (r"cannot join using column (?P<name>.*) - column not present", ErrorKind.NO_SUCH_COLUMN),
        (r"ambiguous column name: (?P<name>.*)", ErrorKind.AMBIGUOUS),
        (r"no such function: (?P<name>.*)|.* is not a function$", ErrorKind.NO_SUCH_FUNCTION),
        (
            r"near \".*\": syntax error|incomplete input|unrecognized token|variable number must be",
            ErrorKind.SYNTAX,
        ),
        (r"too many |expression tree is too large|at most \d+ tables in a join", ErrorKind.LIMIT),
        (
            r"parser stack overflow|recursion limit|like or glob pattern too complex|query is too big",
            ErrorKind.LIMIT,
        ),
    )
)
_WORD: Final = re.compile(r"[\w$]+")


def explain(error: Exception, sql: str, schema: Schema, permissions: Permissions) -> ActionError:
    """Gives the observation for what SQLite or its driver raised while `sql` ran, in SQLite's wording."""
    if isinstance(error, _MEMORY_ERRORS):
        return ActionError(ErrorKind.LIMIT, _OUT_OF_MEMORY, by_machine=True)
    for error_class, kind, message in _BY_CLASS:
        if isinstance(error, error_class):
            return ActionError(kind, message or str(error))
    if not isinstance(error, apsw.Error):
        return ActionError(ErrorKind.OTHER, f"the statement could not be run ({type(error).__name__})")
    text = str(error)
    for pattern, kind in _BY_MESSAGE:
        if found := pattern.match(text):
            names = found.groupdict()
            if kind is ErrorKind.NO_SUCH_TABLE and (denied := _denied(names["name"], schema, permissions)):
                return ActionError(ErrorKind.DENIED, prohibited(denied))
            tables = [table for table in schema.tables if table.name not in permissions.denied]
            available = _available(kind, names.get("name") or "", names.get("table") or sql, tables)
            return ActionError(kind, text + _position(kind, error, sql), available)
    return ActionError(ErrorKind.OTHER, text)


def prohibited(name: str | None) -> str:
    """Says that a table may not be read."""
    return f"access to {name} is prohibited: it may not be read here"


def _denied(missing: str, schema: Schema, permissions: Permissions) -> str:
    """Gives the denied table that was asked for; empty when it is none. It is there, under another name."""
    names = {missing.casefold(), missing.casefold().removeprefix("main.")}
    return next(
        (t.name for t in schema.tables if t.name in permissions.denied and t.name.casefold() in names), ""
    )


def _available(kind: ErrorKind, missing: str, sql: str, tables: list[Table]) -> tuple[str, ...]:
    """The names that would have worked; columns are those of the tables whose names occur in `sql`."""
    qualifier, _, name = missing.replace('"', "").rpartition(".")
    if kind is ErrorKind.NO_SUCH_TABLE:
        return _best_first(name, (table.name for table in tables))
    if kind is ErrorKind.NO_SUCH_FUNCTION:
        return similar_functions(name)
    words = {word.casefold() for word in _WORD.findall(sql)}
    named = [table for table in tables if set(_WORD.findall(table.name.casefold())) <= words]
    if kind is ErrorKind.NO_SUCH_COLUMN:
        qualified = [table for table in named if table.name.casefold() == qualifier.casefold()]
        return _best_first(name, (column.name for table in qualified or named for column in table.columns))
    if kind is ErrorKind.AMBIGUOUS:
        has = [t for t in named if any(c.name.casefold() == name.casefold() for c in t.columns)]
        return tuple(f"{table.name}.{name}" for table in has)[:MAX_NAMES]
    return ()


def _best_first(missing: str, names: Iterable[str]) -> tuple[str, ...]:
    """The distinct names, those most like the missing one first, else in their own order."""
    matcher = SequenceMatcher(b=missing.casefold())

    def unlikeness(name: str) -> float:
        matcher.set_seq1(name.casefold())
        return -matcher.ratio()

    return tuple(sorted(dict.fromkeys(names), key=unlikeness)[:MAX_NAMES])


def _position(kind: ErrorKind, error: apsw.Error, sql: str) -> str:
    """Where a syntax error stands, for a text of several lines or a word that occurs again."""
    offset = getattr(error, "error_offset", -1)  # in UTF-8, -1 when SQLite doesn't know
    if kind is not ErrorKind.SYNTAX or offset < 0:
        return ""
    before = sql.encode()[:offset].decode(errors="ignore")
    return f" (line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))})"
