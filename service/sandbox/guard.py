"""What a statement may do, and when it must stop: SQLite's three callbacks on one connection."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from time import monotonic
from typing import Final

import apsw

from ..core.execution import ActionError, Column, ErrorKind
from ..core.schema import Permissions, Schema
from . import functions
from .failures import prohibited
from .limits import Limits

TICK: Final = 4_000
"""Operations of SQLite's virtual machine between two looks at the clock."""

_BLANK: Final = re.compile(r"(?:[ \t\n\f\r;\ufeff]|--[^\n]*+|/\*(?s:.*?)(?:\*/|\Z))*+")
_WRITES_ROWS: Final = re.compile(r"(?:insert|replace|update|delete|with)\b", re.IGNORECASE)
_BUILT_IN: Final = ("sqlite_", "pragma_", "carray")  # how tables begin that SQLite makes by itself
_SCHEMA_TABLES: Final = frozenset({"sqlite_master", "sqlite_schema"})
_OK: Final = apsw.SQLITE_OK
_READ: Final = apsw.SQLITE_READ
_HARMLESS: Final = frozenset({apsw.SQLITE_SELECT, apsw.SQLITE_RECURSIVE})  # the deadline ends a recursion
_WRITES: Final = {
    apsw.SQLITE_INSERT: "inserting into",
    apsw.SQLITE_UPDATE: "updating",
    apsw.SQLITE_DELETE: "deleting from",
}
_REASONS: Final = {
    apsw.SQLITE_PRAGMA: "PRAGMA is not permitted: describe a table to see its columns",
    apsw.SQLITE_ATTACH: "not permitted: a statement works on this database alone",
    apsw.SQLITE_DETACH: "not permitted: a statement works on this database alone",
    apsw.SQLITE_TRANSACTION: "transactions are not permitted: each statement is one by itself",
    apsw.SQLITE_SAVEPOINT: "savepoints are not permitted: each statement is one by itself",
}


class Guard:
    """Permits, inspects and times the statements of one connection.

    Anything that is not expressly permitted is refused. Of the statement under way, `refusal` says why it was
    refused or stopped, `deadline` when it is late, on the monotonic clock, and `ticks` how often it was
    looked at; `statement` is its text without what follows it, empty when there is none, and `columns` are
    those of its result, empty when it gives no rows. `hidden` are the names, as the connection has them, of
    what only a view may read.
    """

    __slots__ = (
        "_calls",
        "_ceiling",
        "_hidden",
        "_limits",
        "_max_ticks",
        "_readable",
        "_sql",
        "_writable",
        "columns",
        "deadline",
        "refusal",
        "statement",
        "ticks",
    )

    def __init__(
        self, schema: Schema, permissions: Permissions, limits: Limits, hidden: Collection[str] = ()
    ) -> None:
        self._limits = limits
        self._max_ticks = limits.max_operations // TICK
        self._hidden = frozenset(name.casefold() for name in hidden)
        self._writable = permissions.writable
        readable = [t.name for t in schema.tables if t.name not in permissions.denied]
        readable += functions.TABLE_FUNCTIONS
        if not permissions.denied:  # else the schema table would show what is denied
            readable += _SCHEMA_TABLES
        self._readable = frozenset(readable) | frozenset(name.casefold() for name in readable)
        self._ceiling = 0
        self.begin("")

    def begin(self, sql: str, patience: float = 1.0) -> None:
        """Starts the clock for a statement, which gets `patience` times its usual seconds."""
        self.deadline = monotonic() + self._limits.deadline_seconds * patience
        self.begin_again(sql)

    def begin_again(self, sql: str, own_calls: int = 0) -> None:
        """Begins anew with a statement in other words, with calls of their own; its clock runs on."""
        self._sql = sql
        self.ticks = 0
        self.refusal: ActionError | None = None
        self._calls = -own_calls
        self.statement = ""
        self.columns: tuple[Column, ...] = ()

    # While SQLite compiles a statement.

    def authorize(
        self, operation: int, first: str | None, second: str | None, _database: str | None, source: str | None
    ) -> int:
        """Says to SQLite whether a statement may do one thing; `source` is the view that asks for it."""
        if operation == _READ:  # called for every column, so this comes first and looks little up
            if first in self._readable or self._may_read(str(first), second, source):
                return _OK
            return self._refuse(ErrorKind.DENIED, prohibited(first))
        if operation in _HARMLESS:
            return _OK
        if operation == apsw.SQLITE_FUNCTION:
            self._calls += 1
            if second not in functions.ALLOWED:
                return self._refuse_function(str(second))
            if self._calls <= self._limits.max_function_calls:
                return _OK
            most = self._limits.max_function_calls
            return self._refuse(ErrorKind.LIMIT, f"the statement calls more than {most:,} functions")
        if operation in _WRITES and not str(first).startswith("sqlite_"):
            if first in self._writable:
                return _OK
            return self._refuse(ErrorKind.DENIED, f"{_WRITES[operation]} {first} is not permitted")
        reason = _REASONS.get(operation, "only rows may be read or written: the schema may not be changed")
        return self._refuse(ErrorKind.DENIED, reason)

    def _may_read(self, name: str, column: str | None, source: str | None) -> bool:
        folded = name.casefold()
        if folded in self._readable:  # as the statement spells it
            return True
        if folded in self._hidden:
            return self._reads_through_view(folded, source)
        # SQLite also asks, with an empty column, for a common table expression of which no column is read.
        return column == "" and not folded.startswith(_BUILT_IN)

    def _reads_through_view(self, hidden: str, source: str | None) -> bool:
        """What is hidden and not named by the statement is read by a view (or checked by a foreign key).

        SQLite's `source` alone doesn't tell: a common table expression gives its name as a view does. An
        identifier has no escapes, so what stands nowhere in the text, be it in another word, is not named.
        """
        text = self._sql.casefold()
        return hidden not in text or (source is not None and "with" not in text)

    def _refuse_function(self, name: str) -> int:
        message = f"not authorized to use function: {name} (results must be the same every time)"
        return self._refuse(ErrorKind.NO_SUCH_FUNCTION, message, functions.similar_functions(name))

    # Before it runs.

    def inspect(self, cursor: apsw.Cursor, statement: str, _bindings: object) -> bool:
        """Lets the one statement of a text run; called for each statement and for blank text after it."""
        if not cursor.has_vdbe:
            return True
        self.statement = statement
        if len(statement) != len(self._sql) and not _BLANK.fullmatch(self._sql, len(statement)):
            self._refuse(ErrorKind.MULTIPLE_STATEMENTS, "only one statement at a time: nothing was run")
        elif cursor.is_explain == 1:  # its listing holds addresses in memory
            self._refuse(ErrorKind.DENIED, "EXPLAIN is not permitted: use EXPLAIN QUERY PLAN")
        else:
            self.columns = _columns(cursor.get_description())
            if not self.columns and not _writes_rows(statement):
                self._refuse(ErrorKind.DENIED, "not permitted: only statements that read or write rows are")
        return self.refusal is None

    # While it runs.

    def tick(self) -> bool:
        """Says to SQLite whether to stop; called every TICK operations."""
        self.ticks += 1
        limits = self._limits
        if self.ticks == 1:  # what a statement takes before is small, and most end before
            self._ceiling = apsw.memory_used() + limits.max_memory_bytes
            _long_running[self] = None
        if self.ticks >= self._max_ticks:
            self._refuse(
                ErrorKind.LIMIT, f"the statement takes more than {limits.max_operations:,} operations"
            )
        elif monotonic() > self.deadline:
            self.expire()
        elif apsw.memory_used() > self._ceiling and _longest_running() is self:
            message = f"the statement takes more than {limits.max_memory_bytes:,} bytes of memory"
            self._refuse(ErrorKind.LIMIT, message, by_machine=True)
        return self.refusal is not None

    def expire(self) -> None:
        """The statement under way is late."""
        message = f"the statement took longer than {self._limits.deadline_seconds:g} seconds"
        self._refuse(ErrorKind.TIMEOUT, message, by_machine=True)

    def end(self) -> None:
        """The statement has ended."""
        if self.ticks:
            _long_running.pop(self, None)

    @property
    def near_bound(self) -> bool:
        """One tick more would have passed, or did pass, the number of operations."""
        return self.ticks >= self._max_ticks - 1

    def _refuse(
        self, kind: ErrorKind, message: str, available: tuple[str, ...] = (), *, by_machine: bool = False
    ) -> int:
        # The first reason is the one to mend, but that it is late is none: that depends on the machine.
        if self.refusal is None or self.refusal.kind is ErrorKind.TIMEOUT:
            self.refusal = ActionError(kind, message, available, by_machine)
        return apsw.SQLITE_DENY


_long_running: Final[dict[Guard, None]] = {}
"""The guards of statements that have been looked at, in all threads, the longest under way first.

SQLite counts memory by process, so the first of them is taken for the one that uses it up.
"""


def _longest_running() -> Guard:
    return list(_long_running)[0]  # noqa: RUF015 - in one operation, whatever other threads do meanwhile


def _writes_rows(statement: str) -> bool:
    start = _BLANK.match(statement)
    return _WRITES_ROWS.match(statement, start.end() if start else 0) is not None


@lru_cache(maxsize=256)  # names may be long
def _columns(description: tuple[tuple[str, str | None], ...]) -> tuple[Column, ...]:
    return tuple(Column(name, declared_type or "") for name, declared_type in description)
