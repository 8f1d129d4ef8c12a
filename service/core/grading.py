"""What counts as correct: an answer in words against gold rows, and rows against gold rows."""

from __future__ import annotations

import ast
import csv
import json
import math
import re
import unicodedata
from bisect import bisect
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import TypeVar

from .execution import Row, Rows, Value
from .task import AnswerKind

ANSWER_TOLERANCE = Decimal("0.01")  # relative: a float answer within 1 % is correct
ROW_TOLERANCE = 1e-9  # relative: what is left of summing floats in another order
MAX_ANSWER_LENGTH = 100_000  # characters; a longer answer is wrong
MOST_TRIED = 400  # noisy rows that are tried against one another

T = TypeVar("T")

# Exponents with more digits, some of which Decimal cannot hold, are nobody's answer.
_NUMBER = re.compile(r"[+-]?((\d+|\d{1,3}(,\d{3})+)(\.\d*)?|\.\d+)([eE][+-]?\d{1,6})?")
_NULLS = {"null", "none"}
_INFINITIES = ({"-inf", "-infinity"}, {"inf", "infinity"})


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
    NULL are equal only to themselves. Two numbers that are within 1e-9 of each other are equal as well, so
    that what is left of a sum that comes to 0 does not count. A result that is not complete equals nothing.
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
    differing = Counter(map(_texts, (mine - theirs).elements()))
    if differing != Counter(map(_texts, (theirs - mine).elements())):
        return False
    # Equal rows are no pairs for certain: one may have to stand for another that is close to it.
    groups, gold_groups = (_grouped(side.rows, differing.keys()) for side in (rows, gold))
    return all(_alike(groups[texts], gold_groups[texts]) for texts in differing)


def _texts(row: Row) -> Row:
    """Gives a row without its numbers."""
    return tuple(0 if isinstance(cell, int | float) else cell for cell in row)


def _grouped(rows: Iterable[Row], wanted: Set[Row]) -> dict[Row, list[Row]]:
    """Puts rows together that differ in their numbers alone, where their texts are wanted."""
    groups: dict[Row, list[Row]] = defaultdict(list)
    for row in rows:
        if (texts := _texts(row)) in wanted:
            groups[texts].append(row)
    return groups


def _alike(rows: list[Row], gold: list[Row]) -> bool:
    """Says whether rows with equal texts pair up so that their numbers are close."""
    places = [place for place, cell in enumerate(gold[0]) if isinstance(cell, int | float)]
    clusters, gold_clusters = _clustered(rows, gold, places)
    return clusters.keys() == gold_clusters.keys() and all(
        _cluster_pairs_up(cluster, gold_clusters[key], places) for key, cluster in clusters.items()
    )


_Clusters = dict[tuple[int, ...], list[Row]]


def _clustered(rows: list[Row], gold: list[Row], places: list[int]) -> tuple[_Clusters, _Clusters]:
    """Cuts both where two numbers that are next to each other in a column are not close.

    Rows that are close are never cut apart, so each cluster can be paired up by itself; twice the tolerance
    leaves room for rounding at its border.
    """
    starts = []
    for place in places:
        numbers = sorted({_real(row[place]) for side in (rows, gold) for row in side})
        cuts = [
            number for before, number in pairwise(numbers) if not _near(before, number, 2 * ROW_TOLERANCE)
        ]
        starts.append(cuts)

    def clusters(side: list[Row]) -> _Clusters:
        found: _Clusters = defaultdict(list)
        for row in side:
            key = tuple(bisect(cuts, _real(row[at])) for at, cuts in zip(places, starts, strict=True))
            found[key].append(row)
        return found

    return clusters(rows), clusters(gold)


def _cluster_pairs_up(rows: list[Row], gold: list[Row], places: list[int]) -> bool:
    """Pairs up the rows of a cluster: each in the order of its numbers, or else by trying.

    What is tried is bounded: beyond MOST_TRIED rows, rows that several columns sort differently, and that
    are close to some rows of the cluster only, are not gold's.
    """
    if len(rows) != len(gold):
        return False

    def numbers(row: Row) -> list[int | float]:
        return [_real(row[place]) for place in places]

    rows, gold = sorted(rows, key=numbers), sorted(gold, key=numbers)
    if all(map(_close, rows, gold)):
        return True
    differing = [place for place in places if len({row[place] for row in (*rows, *gold)}) > 1]
    reals = all(isinstance(row[place], float) for place in differing for row in gold)
    if (len(differing) == 1 and reals) or len(rows) > MOST_TRIED:
        return False  # in one column of reals, the rows pair up in their order or not at all
    return _pairs_up(rows, gold, _close)


def _pairs_up(rows: Sequence[T], gold: Sequence[Row], fits: Callable[[T, Row], bool]) -> bool:
    """Says whether every gold row finds a row of its own that fits.

    Augmenting paths, the shortest first (Kuhn 1955, Edmonds 1965). Linear where the rows stand in gold's
    order, else at least quadratic: an answer has as many rows as an agent is shown.
    """
    if len(rows) != len(gold):
        return False
    taken: dict[int, int] = {}  # by the place of a row, that of its gold row
    for start in range(len(gold)):
        if start not in taken and fits(rows[start], gold[start]):  # the first try is right in gold's order
            taken[start] = start
            continue
        came_from: dict[int, int] = {}  # by the place of a row, the gold row that wants it
        holds = {held: at for at, held in taken.items()}
        wanting = deque([start])
        end = -1
        while wanting and end < 0:
            wanted = wanting.popleft()
            for at in range(len(rows)):
                if at not in came_from and fits(rows[at], gold[wanted]):
                    came_from[at] = wanted
                    if at not in taken:
                        end = at
                        break
                    wanting.append(taken[at])
        if end < 0:
            return False
        while end >= 0:  # everyone on the path takes the row that it wants
            wanted = came_from[end]
            taken[end] = wanted
            end = holds.get(wanted, -1)
    return True


def _close(row: Row, other: Row) -> bool:
    return all(_same_cell(cell, twin) for cell, twin in zip(row, other, strict=True))


def _same_cell(cell: Value, twin: Value) -> bool:
    if cell == twin:
        return True
    if not (isinstance(cell, int | float) and isinstance(twin, int | float)):
        return False
    whole = isinstance(cell, int) and isinstance(twin, int)  # whole numbers have no noise
    return not whole and _near(cell, twin)


def _near(number: float, other: float, tolerance: float = ROW_TOLERANCE) -> bool:
    return math.isclose(number, other, rel_tol=tolerance, abs_tol=tolerance)


def _real(cell: Value) -> int | float:
    assert isinstance(cell, int | float), "the group's rows have numbers in the same places"
    return cell


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
    if isinstance(gold, float) and math.isinf(gold):
        return text.casefold() in _INFINITIES[gold > 0]
    number = _number(text)
    if number is None:
        return False
    if isinstance(gold, int):
        return number == gold
    least, most = _bounds(gold)
    return least <= number <= most


def _number(text: str) -> Decimal | None:
    """Reads 1234, 1,234, 1234.0 or 1.2e3 as it is written, to the last digit; None for anything else."""
    if not text.isascii() or not _NUMBER.fullmatch(text):
        return None
    return Decimal(text.replace(",", ""))


@lru_cache(maxsize=1_024)  # the answers of a group of rollouts are compared with the same numbers
def _bounds(gold: float) -> tuple[Decimal, Decimal]:
    """Gives the least and the greatest number that is correct; binary floats would miss both by a hair."""
    number = Decimal(repr(gold))
    margin = abs(number) * ANSWER_TOLERANCE
    return number - margin, number + margin


def _folded(text: str) -> str:
    """Gives what texts share that differ in case or normal form alone: equal capitals make equal texts."""
    if text.isascii():
        return text.lower().strip()
    capitals = unicodedata.normalize("NFD", text).upper()  # where i and its dotless sister are one
    return unicodedata.normalize("NFC", capitals.casefold()).strip()


def _readings(kind: AnswerKind, text: str) -> Iterator[list[list[str]]]:
    """Gives the ways in which an answer can be read as rows."""
    many = kind in (AnswerKind.LIST, AnswerKind.TABLE)
    if many and not text:
        return
    parsed = _parsed_rows(kind, text)
    if parsed is not None:
        yield parsed
    splits = (_split, _split_csv) if '"' in text else (_split,)
    if kind is AnswerKind.LIST:
        yield from _with_quotes([[line.strip()] for line in text.splitlines() if line.strip()])
        if parsed is None:
            for split in splits:
                yield from _with_quotes([[item] for item in split(_unbracketed(text), ",")])
    elif kind is AnswerKind.TABLE:
        lines = [_unpiped(line.strip()) for line in text.splitlines() if line.strip()]
        for separator in ("|", ",", "\t"):
            for split in splits:
                yield from _with_quotes([split(line, separator) for line in lines])
    else:
        yield from _with_quotes([[text]])
        yield [[_unquoted(_unbracketed(text))]]


def _parsed_rows(kind: AnswerKind, text: str) -> list[list[str]] | None:
    """Reads JSON, or lists and tuples as Python writes them; None for anything else."""
    try:
        parsed = _parsed(text)
        if parsed is None:
            return None
        if not isinstance(parsed, list | tuple):
            return [[_json_text(parsed)]]
        if kind is AnswerKind.TABLE and parsed and not any(isinstance(item, list | tuple) for item in parsed):
            parsed = [parsed]  # one row, written flat
        return [
            [_json_text(cell) for cell in (item if isinstance(item, list | tuple) else [item])]
            for item in parsed
        ]
    # Of Python's notation there are unhashable keys, and whole numbers and keys that JSON cannot write.
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None


def _parsed(text: str) -> object:
    """Gives JSON or Python's notation as values, JSON's numbers as they are written, to the last digit.

    Raises what `ast.literal_eval` does where it is neither.
    """
    try:
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return ast.literal_eval(text) if text.startswith(("[", "(")) else None


def _json_text(value: object) -> str:
    if value is None:
        return "NULL"
    return value.strip() if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _split(text: str, separator: str) -> list[str]:
    return [item.strip() for item in text.split(separator)]


def _split_csv(text: str, separator: str) -> list[str]:
    """Splits at the separator, but not inside double quotes, which are taken off as in CSV."""
    reader = csv.reader([text], delimiter=separator, skipinitialspace=True)
    try:
        return [item.strip() for item in next(reader, [])]
    except csv.Error:
        return _split(text, separator)


def _with_quotes(rows: list[list[str]]) -> Iterator[list[list[str]]]:
    """Gives rows as they are written, and without quotes around their cells where there are any."""
    yield rows
    bare = [[_unquoted(cell) for cell in row] for row in rows]
    if bare != rows:
        yield bare


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
