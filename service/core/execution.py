"""What running a statement gives, and the databases that an episode runs its statements on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, Protocol

Value = int | float | str | bytes | None
Row = tuple[Value, ...]


class ErrorKind(IntEnum):
    """Why an action failed; the numbers are the contract's (observation.proto, ErrorKind)."""

    NO_SUCH_TABLE = 1
    NO_SUCH_COLUMN = 2
    NO_SUCH_FUNCTION = 3
    SYNTAX = 4
    AMBIGUOUS = 5
    TIMEOUT = 6
    DENIED = 7
    LIMIT = 8
    CONSTRAINT = 9
    MULTIPLE_STATEMENTS = 10
    UNSUPPORTED_ACTION = 11
    UNPARSED = 12
    EPISODE_OVER = 13
    REJECTED = 14
    OTHER = 15


@dataclass(frozen=True, slots=True)
class ActionError:
    """Why an action failed: the kind, one sentence, and the names that would have worked.

    `by_machine` says that time or memory made it so, not the statement alone: another run may end otherwise.
    """

    kind: ErrorKind
    message: str
    available: tuple[str, ...] = ()
    by_machine: bool = False


class Column(NamedTuple):
    """A result's column. `declared_type` is empty for an expression."""

    name: str
    declared_type: str = ""


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Rows:
    """All rows of a statement, up to the sandbox's row cap; `complete` is False when there are more."""

    columns: tuple[Column, ...]
    rows: list[Row]
    complete: bool = True


class Database(Protocol):
    """One instance of a database, with one task's permissions on it. Used by one thread at a time."""

    def execute(self, sql: str) -> Rows | ActionError:
        """Runs one statement under the sandbox's guards; whatever `sql` holds, it never raises."""
        ...


class World(Protocol):
    """The databases of one session."""

    @property
    def visible(self) -> Database:
        """The instance that the agent explores; what it writes there stays for the session."""
        ...

    def pristine(self, instance: int) -> Database:
        """Gives instance `instance` (0 is the visible one) as it was before anybody wrote to it."""
        ...

    def close(self) -> None:
        """Gives up what belongs to this session alone."""
        ...
