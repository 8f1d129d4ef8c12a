"""What counts as correct: an answer in words against gold rows, and rows against gold rows."""

from __future__ import annotations

import ast
import csv
import json
import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import TypeVar

from .execution import Row, Rows, Value
from .task import AnswerKind

ANSWER_TOLERANCE = 0.01  # relative: a float answer within 1 % is correct
ROW_TOLERANCE = 1e-9  # relative: what is left of summing floats in another order
MAX_ANSWER_LENGTH = 100_000  # characters; a longer answer is wrong

T = TypeVar("T")

_NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)?(\.\d*)?([eE][+-]?\d+)?")
_NULLS = {"null", "none"}


def grade_answer(kind: AnswerKind, gold: Rows, value: str) -> bool:
    """Says whether `value` answers the question whose gold rows are given.

    Integers are compared exactly, floats within 1 % (relative), text without case, lists and tables
    row by row in any order, SQL NULL as "NULL" or "None", no rows as "[]". The answer may be plain text
    ("a, b", one item a line, cells parted by "|") or JSON.
    """
    if len(value) > MAX_ANSWER_LENGTH:
        return False
    rows = gold.rows
    if kind is AnswerKind.FLOAT:  # also where the number happens to be whole
        rows = [tuple(float(cell) if isinstance(cell, int) else cell for cell in row) for row in rows]
    return any(_pairs_up(reading, rows, _row_matches) for reading in _readings(kind, value.strip()))


def render_answer(kind: AnswerKind, gold: Rows) -> str:
    """Gives an answer that is graded correct: bare text for one value, JSON for a list or a table."""
    if kind is AnswerKind.LIST:
        return json.dumps([_plain(row[0]) for row in gold.rows], ensure_ascii=False)
    if kind is AnswerKind.TABLE:
        return json.dumps([[_plain(cell) for cell in row] for row in gold.rows], ensure_ascii=False)
    value = _plain(gold.rows[0][0])
    return "NULL" if value is None else str(value)


def same_rows(rows: Rows, gold: Rows, *, ordered: bool) -> bool:
    """Says whether two results are equal as typed multisets, or as sequences where `ordered`.

    Column names do not count. A real equals a number within 1e-9 (relative); integers, text, blobs and
    NULL are equal only to themselves. A result that is not complete equals nothing.
    """
    if not (rows.complete and gold.complete) or len(rows.columns) != len(gold.columns):
        return False
    if rows.rows == gold.rows:
        return True
    if len(rows.rows) != len(gold.rows):
        return False
    if ordered:
        return all(_close(row, other) for row, other in zip(rows.rows, gold.rows, strict=True))
    mine, theirs = Counter(rows.rows), Counter(gold.rows)
    groups, gold_groups = _by_text(mine - theirs), _by_text(theirs - mine)
    return groups.keys() == gold_groups.keys() and all(
        _pairs_up(group, gold_groups[key], _close) for key, group in groups.items()
    )


def _by_text(rows: Counter[Row]) -> dict[Row, list[Row]]:
    """Puts rows together that differ in their numbers alone, in the order of these."""
    groups: dict[Row, list[Row]] = defaultdict(list)
    for row in rows.elements():
        groups[tuple(0 if isinstance(cell, int | float) else cell for cell in row)].append(row)
    for group in groups.values():
        group.sort(key=lambda row: [cell for cell in row if isinstance(cell, int | float)])
    return groups


def _pairs_up(rows: Sequence[T], gold: Sequence[Row], fits: Callable[[T, Row], bool]) -> bool:
    """Says whether every gold row finds a row of its own that fits (augmenting paths, Kuhn 1955).

    Quadratic where the rows stand in another order: a bank's answers have at most 20 rows, and of a
    submission's rows only those come here that are not equal to the last bit.
    """
    if len(rows) != len(gold):
        return False
    taken: dict[int, int] = {}  # by the place of a row, that of its gold row

    def place(wanted: int, tried: set[int]) -> bool:
        for at in chain((wanted,), range(len(rows))):  # where the order is the same, the first try is right
            if at not in tried and fits(rows[at], gold[wanted]):
                tried.add(at)
                if at not in taken or place(taken[at], tried):
                    taken[at] = wanted
                    return True
        return False

    return all(place(wanted, set()) for wanted in range(len(gold)))


def _close(row: Row, other: Row) -> bool:
    return all(_same_cell(cell, twin) for cell, twin in zip(row, other, strict=True))


def _same_cell(cell: Value, twin: Value) -> bool:
    if cell == twin:
        return True
    if not (isinstance(cell, int | float) and isinstance(twin, int | float)):
        return False
    whole = isinstance(cell, int) and isinstance(twin, int)  # whole numbers have no noise
    return not whole and math.isclose(cell, twin, rel_tol=ROW_TOLERANCE, abs_tol=ROW_TOLERANCE)


def _row_matches(answer: list[str], gold: Row) -> bool:
    return len(answer) == len(gold) and all(
        _cell_matches(text, cell) for text, cell in zip(answer, gold, strict=True)
    )


def _cell_matches(text: str, gold: Value) -> bool:
    if gold is None:
        return text.casefold() in _NULLS
    if isinstance(gold, str):
        return _folded(text) == _folded(gold)
    if isinstance(gold, bytes):
        return text.upper() == gold.hex().upper()
    number = _number(text)
    if number is None:
        return False
    if isinstance(gold, int):
        return number == gold
    try:
        return abs(float(number) - gold) <= ANSWER_TOLERANCE * abs(gold)
    except OverflowError:  # a whole number beyond all floats
        return False


def _number(text: str) -> int | float | None:
    """Reads 1234, 1,234, 1234.0 or 1.2e3; None for anything else."""
    if not any(map(str.isdigit, text)) or not text.isascii() or not _NUMBER.fullmatch(text):
        return None
    digits = text.replace(",", "")
    whole, _, fraction = digits.partition(".")
    if "e" not in digits.lower() and not fraction.strip("0"):
        return int(whole or "0") if len(whole) < 400 and whole not in {"+", "-"} else None
    number = float(digits)
    return number if math.isfinite(number) else None


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold().strip()


def _readings(kind: AnswerKind, text: str) -> Iterator[list[list[str]]]:
    """Gives the ways in which an answer can be read as rows."""
    many = kind in (AnswerKind.LIST, AnswerKind.TABLE)
    if many and not text:
        return
    parsed = _parsed_rows(kind, text)
    if parsed is not None:
        yield parsed
    if kind is AnswerKind.LIST:
        yield [[_unquoted(line)] for line in text.splitlines() if line.strip()]
        if parsed is None:
            yield [[_unquoted(item)] for item in _split(_unbracketed(text), ",")]
    elif kind is AnswerKind.TABLE:
        lines = [_unpiped(line.strip()) for line in text.splitlines() if line.strip()]
        for separator in ("|", ",", "\t"):
            yield [[_unquoted(cell) for cell in _split(line, separator)] for line in lines]
    else:
        yield [[text]]
        yield [[_unquoted(_unbracketed(text))]]


def _parsed_rows(kind: AnswerKind, text: str) -> list[list[str]] | None:
    """Reads JSON, or lists and tuples as Python writes them; None for anything else."""
    parsed = _parsed(text)
    if parsed is None:
        return None
    if not isinstance(parsed, list | tuple):
        return [[_json_text(parsed)]]
    if kind is AnswerKind.TABLE and parsed and not any(isinstance(item, list | tuple) for item in parsed):
        parsed = [parsed]  # one row, written flat
    return [
        [_json_text(cell) for cell in (item if isinstance(item, list | tuple) else [item])] for item in parsed
    ]


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text) if text.startswith(("[", "(")) else None
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None


def _json_text(value: object) -> str:
    if value is None:
        return "NULL"
    return value.strip() if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _split(text: str, separator: str) -> list[str]:
    """Splits at the separator, but not inside double quotes."""
    if '"' not in text:
        return [item.strip() for item in text.split(separator)]
    reader = csv.reader([text], delimiter=separator, skipinitialspace=True)
    try:
        return [item.strip() for item in next(reader, [])]
    except csv.Error:
        return [item.strip() for item in text.split(separator)]


def _unpiped(line: str) -> str:
    """Takes the outer pipes off a row that is written between two."""
    return line[1:-1] if len(line) > 1 and line[0] == line[-1] == "|" else line


def _unbracketed(text: str) -> str:
    return text[1:-1] if text.startswith("[") and text.endswith("]") else text


def _unquoted(text: str) -> str:
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    return text


def _plain(value: Value) -> str | int | float | None:
    return value.hex().upper() if isinstance(value, bytes) else value
