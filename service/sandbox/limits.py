"""How much one statement may cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds a statement. Passing a bound gives ErrorKind.LIMIT, passing the deadline TIMEOUT.

    `max_operations` is the bound meant to be met: SQLite counts its virtual machine's operations, so the
    verdict is the same on every machine. The deadline and `max_memory_bytes` (growth of the process's
    SQLite memory while a statement runs) depend on the machine and stand behind it.
    """

    deadline_seconds: float = 1.0
    max_operations: int = 25_000_000
    max_rows: int = 10_000  # rows fetched; when there are more, Rows.complete is False
    max_result_bytes: int = 4 * 1024 * 1024  # of more than 128 cells; at most 9 bytes more each than text
    max_memory_bytes: int = 256 * 1024 * 1024
    max_growth_bytes: int = 16 * 1024 * 1024  # of a session's own copy of a database
    max_sql_bytes: int = 100_000  # in UTF-8
    max_value_bytes: int = 100_000  # a text, a BLOB, a row inside SQLite
    max_columns: int = 500  # of a table, a result, an index, a SET clause
    max_expression_depth: int = 500
    max_compound_selects: int = 100
    max_function_arguments: int = 100
    max_program_operations: int = 250_000  # length of a compiled statement
    max_pattern_bytes: int = 200  # of LIKE and GLOB, whose matching is quadratic
    max_function_calls: int = 200  # in a statement and the views it reads: no clock is looked at between two
    max_trigger_depth: int = 100
