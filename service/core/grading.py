"""What counts as correct: an answer in words against gold rows, and rows against gold rows."""

from __future__ import annotations

import csv
import json
import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator

from .execution import Row, Rows, Value
from .task import AnswerKind

ANSWER_TOLERANCE = 0.01  # relative: a float answer within 1 % is correct
ROW_TOLERANCE = 1e-9  # relative: what is left of summing floats in another order
MAX_ANSWER_LENGTH = 100_000  # characters; a longer answer is wrong

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
    return any(_matches(reading, gold.rows) for reading in _readings(kind, value.strip()))


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

    Column names do not count. Numbers are equal within 1e-9 (relative), whether integer or real; text,
    blobs and NULL are equal only to themselves. A result that is not complete equals nothing.
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
    return _close_multisets((mine - theirs).elements(), (theirs - mine).elements())


def _close_multisets(rows: Iterator[Row], others: Iterator[Row]) -> bool:
    """Pairs rows whose non-numbers are equal, in the order of their rounded numbers."""
    groups, other_groups = _by_text(rows), _by_text(others)
    return groups.keys() == other_groups.keys() and all(
        len(group) == len(other_groups[key])
        and all(_close(row, other) for row, other in zip(group, other_groups[key], strict=True))
        for key, group in groups.items()
    )


def _by_text(rows: Iterator[Row]) -> dict[Row, list[Row]]:
    groups: dict[Row, list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(0 if isinstance(cell, int | float) else cell for cell in row)].append(row)
    for group in groups.values():
        group.sort(key=lambda row: [float(f"{cell:.9g}") for cell in row if isinstance(cell, int | float)])
    return groups


def _close(row: Row, other: Row) -> bool:
    return all(
        math.isclose(cell, twin, rel_tol=ROW_TOLERANCE, abs_tol=ROW_TOLERANCE)
        if isinstance(cell, float | int) and isinstance(twin, float | int)
        else cell == twin
        for cell, twin in zip(row, other, strict=True)
    )


def _matches(answer: list[list[str]], gold: list[Row]) -> bool:
    """Finds for every gold row an answer row of its own."""
    if len(answer) != len(gold):
        return False
    left = list(answer)
    for row in gold:
        found = next((other for other in left if _row_matches(other, row)), None)
        if found is None:
            return False
        left.remove(found)
    return True


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
    return abs(number - gold) <= ANSWER_TOLERANCE * abs(gold)


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
    parsed = _json_rows(kind, text)
    if parsed is not None:
        yield parsed
    if kind is AnswerKind.LIST:
        yield [[_unquoted(line)] for line in text.splitlines() if line.strip()]
        yield [[_unquoted(item)] for item in _split(_unbracketed(text), ",")]
    elif kind is AnswerKind.TABLE:
        lines = [line.strip().strip("|") for line in text.splitlines() if line.strip()]
        for separator in ("|", ",", "\t"):
            yield [[_unquoted(cell) for cell in _split(line, separator)] for line in lines]
    else:
        yield [[text]]
        yield [[_unquoted(_unbracketed(text))]]


def _json_rows(kind: AnswerKind, text: str) -> list[list[str]] | None:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(parsed, list):
        return [[_json_text(parsed)]]
    if kind is AnswerKind.TABLE and parsed and not any(isinstance(item, list) for item in parsed):
        parsed = [parsed]  # one row, written flat
    return [[_json_text(cell) for cell in (item if isinstance(item, list) else [item])] for item in parsed]


def _json_text(value: object) -> str:
    if value is None:
        return "NULL"
    return value.strip() if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _split(text: str, separator: str) -> list[str]:
    """Splits at the separator, but not inside double quotes."""
    if '"' not in text:
        return [item.strip() for item in text.split(separator)]
    reader = csv.reader([text], delimiter=separator, skipinitialspace=True)
    try:
        return [item.strip() for item in next(reader, [])]
    except csv.Error:
        return [item.strip() for item in text.split(separator)]


def _unbracketed(text: str) -> str:
    return text[1:-1] if text.startswith("[") and text.endswith("]") else text


def _unquoted(text: str) -> str:
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    return text


def _plain(value: Value) -> str | int | float | None:
    return value.hex().upper() if isinstance(value, bytes) else value
