"""The one way from a statement to its rows."""

from __future__ import annotations

import marshal
from itertools import islice
from typing import Final

import apsw

from ..core.execution import ActionError, Column, ErrorKind, Row, Rows
from ..core.schema import Permissions, Schema, quoted_name
from .alarm import Alarm
from .clock import open_frozen
from .failures import explain
from .guard import TICK, Guard
from .limits import Limits
from .searches import replace_searches
from .watch import UNWATCHED, Watch

_CELLS_A_CHUNK: Final = 512
"""Cells that are fetched before their bytes are counted."""

_CELLS_UNCOUNTED: Final = 128
"""A result of no more cells is not counted: with the bound on each value it can't be large."""

_REMEMBERED: Final = 1_000
"""Statements that are kept out of the driver's cache of 100; see Database._leave_uncached."""

_CHANGES: Final = (Column("changes"),)


class Database:
    """One database with one task's permissions, in memory. For one thread at a time.

    `image` is copied. Where nothing may be written it is opened for reading only.
    """

    __slots__ = (
        "_alarm",
        "_connection",
        "_cursor",
        "_guard",
        "_limits",
        "_permissions",
        "_schema",
        "_uncached",
        "_watch",
    )

    def __init__(
        self,
        image: bytes,
        schema: Schema,
        permissions: Permissions,
        limits: Limits,
        watch: Watch = UNWATCHED,
    ) -> None:
        self._schema = schema
        self._permissions = permissions
        self._limits = limits
        self._connection = open_frozen()
        self._connection.deserialize("main", image)
        self._guard = Guard(schema, permissions, limits, _hide(self._connection, schema, permissions))
        _harden(self._connection, permissions, limits)
        self._connection.authorizer = self._guard.authorize
        self._connection.set_progress_handler(self._guard.tick, TICK)
        self._cursor = self._connection.cursor()
        self._cursor.exec_trace = self._guard.inspect
        self._alarm = Alarm(self._connection, self._guard)
        self._uncached: dict[str, None] = {}
        self._watch = watch

    def execute(self, sql: str, patience: float = 1.0) -> Rows | ActionError:
        """Runs one statement; whatever `sql` holds, it gives its rows or an observation of what went wrong.

        It gets `patience` times the seconds that statements have by the limits.
        An INSERT, UPDATE or DELETE without RETURNING gives one row: the number of rows it changed.
        """
        error = self._check_text(sql)
        if error is not None:
            return error
        guard = self._guard
        guard.begin(sql, patience)
        self._alarm.set()
        self._watch.statement(guard.deadline)
        try:
            try:
                result = self._run(sql)
            except UnicodeDecodeError:
                result = self._run_as_bytes()
        except Exception as failure:
            self._open_cursor()
            refusal = guard.refusal
            if refusal is not None and (refusal.kind is not ErrorKind.TIMEOUT or _is_interrupted(failure)):
                return refusal
            return explain(failure, sql, self._schema, self._permissions)
        finally:
            self._watch.done()
            self._alarm.clear()
            guard.end()
        return result

    def serialize(self) -> bytes:
        """Gives the database as it stands, as an image."""
        return self._connection.serialize("main")

    def close(self) -> None:
        """Frees the memory. The database can't be used after it."""
        self._connection.close(True)

    def _check_text(self, sql: str) -> ActionError | None:
        if not sql.isascii():
            try:
                size = len(sql.encode())
            except UnicodeEncodeError:
                return ActionError(
                    ErrorKind.SYNTAX, "the text is not valid Unicode: it holds half a character"
                )
        else:
            size = len(sql)
        if size > self._limits.max_sql_bytes:
            message = f"the statement has {size:,} bytes, more than {self._limits.max_sql_bytes:,}"
            return ActionError(ErrorKind.LIMIT, message)
        if "\0" in sql:
            return ActionError(ErrorKind.SYNTAX, 'unrecognized token: "\\0": the text holds a NUL character')
        return None

    def _run(self, sql: str) -> Rows | ActionError:
        guard = self._guard
        try:
            self._cursor.execute(sql, can_cache=sql not in self._uncached)
            if guard.columns:
                return self._fetch(guard.columns)
        finally:
            if guard.near_bound:
                self._leave_uncached(sql)
        if guard.statement:
            return Rows(_CHANGES, [(self._connection.changes(),)])
        return ActionError(ErrorKind.SYNTAX, "incomplete input: the text holds no statement")

    def _fetch(self, columns: tuple[Column, ...]) -> Rows | ActionError:
        """Fetches in chunks, so that no more than one chunk is ever held beyond a bound."""
        limits = self._limits
        chunk = max(1, _CELLS_A_CHUNK // len(columns))
        rows: list[Row] = []
        size = 0
        while len(rows) <= limits.max_rows:
            part: list[Row] = list(islice(self._cursor, chunk))
            if not rows and len(part) * len(columns) <= _CELLS_UNCOUNTED and len(part) < chunk:
                return Rows(columns, part)
            rows += part
            size += len(marshal.dumps(part, 2))  # the fastest count, see Limits.max_result_bytes
            if size > limits.max_result_bytes:
                self._open_cursor()
                message = f"the result has more than {limits.max_result_bytes:,} bytes: select less of it"
                return ActionError(ErrorKind.LIMIT, message)
            if len(part) < chunk:
                break
        if len(rows) <= limits.max_rows:
            return Rows(columns, rows)
        self._open_cursor()
        return Rows(columns, rows[: limits.max_rows], complete=False)

    def _run_as_bytes(self) -> Rows | ActionError:
        """Runs the statement again with its text as bytes, for the driver can't read what is not UTF-8."""
        columns, statement = self._guard.columns, self._guard.statement
        if not self._cursor.is_readonly:  # RETURNING: it can't be run twice
            return ActionError(
                ErrorKind.OTHER, "the rows were written, but a returned text is not valid UTF-8"
            )
        names = [f"c{index}" for index in range(len(columns))]
        cells = (f"typeof({c}) = 'text', iif(typeof({c}) = 'text', CAST({c} AS BLOB), {c})" for c in names)
        source = statement.rstrip().removesuffix(";")
        wrapped = f"WITH r({', '.join(names)}) AS MATERIALIZED ({source}\n) SELECT {', '.join(cells)} FROM r"
        self._open_cursor()
        self._guard.begin_again(wrapped, own_calls=3 * len(names))
        result = self._run(wrapped)
        if isinstance(result, ActionError):
            return result
        return Rows(columns, [_decode(row) for row in result.rows], result.complete)

    def _leave_uncached(self, sql: str) -> None:
        """Keeps a statement out of the driver's cache that comes near max_operations or passes it.

        A cached statement's operations are counted on from its last run, so its ticks may be one more than
        those of a new one, and the verdict would depend on what was run before. An entry is dropped after
        so many others that the driver's cache has dropped its statement as well.
        """
        self._uncached[sql] = None
        if len(self._uncached) > _REMEMBERED:
            del self._uncached[next(iter(self._uncached))]

    def _open_cursor(self) -> None:
        """Starts afresh: ends what the last cursor left open, and with it its statement."""
        self._cursor.close(True)
        self._cursor = self._connection.cursor()
        self._cursor.exec_trace = self._guard.inspect


def _is_interrupted(failure: Exception) -> bool:
    """Says whether a statement was stopped, or not begun; else it would have failed in time as well."""
    return isinstance(failure, apsw.InterruptError | apsw.ExecTraceAbort)


def _decode(row: Row) -> Row:
    """Turns (is text, bytes), (is text, value), … into the row's values."""
    pairs = zip(row[::2], row[1::2], strict=True)
    return tuple(
        value.decode(errors="replace") if is_text and isinstance(value, bytes) else value
        for is_text, value in pairs
    )


def _hide(connection: apsw.Connection, schema: Schema, permissions: Permissions) -> frozenset[str]:
    """Gives denied tables other names, by which no statement calls them and views still do.

    Under its own name a denied table is not there then, however that is written; and what else bears the
    name, as an alias or a common table expression, is another thing. A view can't be renamed. Gives the names
    of what is hidden.
    """
    hidden = set()
    for table in schema.tables:
        if table.name not in permissions.denied:
            continue
        name = table.name
        if not table.is_view:
            while schema.find(name) is not None:
                name += " (denied)"
            connection.execute(f"ALTER TABLE {quoted_name(table.name)} RENAME TO {quoted_name(name)}")
        hidden.add(name)
    return frozenset(hidden)


def _harden(connection: apsw.Connection, permissions: Permissions, limits: Limits) -> None:
    """Takes from a connection all that no statement needs."""
    for limit, bound in (
        (apsw.SQLITE_LIMIT_LENGTH, limits.max_value_bytes),
        (apsw.SQLITE_LIMIT_COLUMN, limits.max_columns),
        (apsw.SQLITE_LIMIT_EXPR_DEPTH, limits.max_expression_depth),
        (apsw.SQLITE_LIMIT_COMPOUND_SELECT, limits.max_compound_selects),
        (apsw.SQLITE_LIMIT_VDBE_OP, limits.max_program_operations),
        (apsw.SQLITE_LIMIT_FUNCTION_ARG, limits.max_function_arguments),
        (apsw.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, limits.max_pattern_bytes),
        (apsw.SQLITE_LIMIT_TRIGGER_DEPTH, limits.max_trigger_depth),
        (apsw.SQLITE_LIMIT_ATTACHED, 0),
        (apsw.SQLITE_LIMIT_VARIABLE_NUMBER, 1),
        (apsw.SQLITE_LIMIT_WORKER_THREADS, 0),
    ):
        connection.limit(limit, bound)
    for option, value in (
        (apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0),
        (apsw.SQLITE_DBCONFIG_DEFENSIVE, 1),
        (apsw.SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0),
        (apsw.SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0),
        (apsw.SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE, 0),
        (apsw.SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE, 0),
        (apsw.SQLITE_DBCONFIG_DQS_DML, 0),  # a misspelt column in double quotes is an error, not a text
        (apsw.SQLITE_DBCONFIG_DQS_DDL, 0),
        (apsw.SQLITE_DBCONFIG_ENABLE_FKEY, int(not permissions.read_only)),
    ):
        connection.config(option, value)
    replace_searches(connection, limits.max_value_bytes)
    connection.drop_modules(None)  # full-text search, R-trees, dbstat, …
    connection.execute(f"PRAGMA query_only = {int(permissions.read_only)}")
    pages, page_bytes = connection.pragma("page_count"), connection.pragma("page_size")
    connection.pragma("max_page_count", pages + limits.max_growth_bytes // page_bytes)
