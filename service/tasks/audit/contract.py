"""What docs/rewards.md promises about equality, by its letter and by trying: the audit's own yardstick.

Shares nothing with the grader, so that a slip in one does not hide in the other. Slow, and asked only
about probes that were graded otherwise than they were meant.
"""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction

from ...core.execution import Row, Rows, Value
from ...core.task import AnswerKind

MOST = 400  # rows that are tried against one another; with more, rows are equal only to the last bit

_Fits = Callable[[Value, Value], bool]


def same_answer(kind: AnswerKind, answer: Rows, gold: Rows) -> bool:
    """Says whether an answer given in SQL's values is a right one."""

    def fits(cell: Value, twin: Value) -> bool:
        if isinstance(twin, int | float) and isinstance(cell, int | float):
            if isinstance(twin, int) and kind is not AnswerKind.FLOAT:
                return cell == twin
            return _within_one_per_cent(cell, twin)
        if isinstance(twin, str) and isinstance(cell, str):
            return _caseless(cell) == _caseless(twin)
        return _word(cell) == _word(twin)

    return _pair_up(answer.rows, gold.rows, fits)


def same_result(result: Rows, gold: Rows, *, ordered: bool, tolerance: float = 1e-9) -> bool:
    """Says whether a result's rows are gold's, numbers within `tolerance` of the larger one or of 0."""

    def fits(cell: Value, twin: Value) -> bool:
        if isinstance(cell, int) and isinstance(twin, int):
            return cell == twin
        if isinstance(cell, int | float) and isinstance(twin, int | float):
            return cell == twin or abs(cell - twin) <= tolerance * max(abs(cell), abs(twin), 1.0)
        return type(cell) is type(twin) and cell == twin

    if not (result.complete and gold.complete) or len(result.columns) != len(gold.columns):
        return False
    if ordered:
        return len(result.rows) == len(gold.rows) and all(
            _row_fits(row, twin, fits) for row, twin in zip(result.rows, gold.rows, strict=True)
        )
    mine = Counter(map(_typed, result.rows))
    theirs = Counter(map(_typed, gold.rows))
    rest = [tuple(cell for _, cell in row) for row in (mine - theirs).elements()]
    gold_rest = [tuple(cell for _, cell in row) for row in (theirs - mine).elements()]
    return _pair_up(rest, gold_rest, fits)


def _typed(row: Row) -> tuple[tuple[str, Value], ...]:
    return tuple((type(cell).__name__, cell) for cell in row)


def _within_one_per_cent(number: float, gold: float) -> bool:
    """Compares the numbers as they are written: the floats nearest to them may be a hair farther apart."""
    if math.isinf(number) or math.isinf(gold):
        return number == gold
    written, right = Fraction(str(number)), Fraction(str(gold))
    return abs(written - right) <= abs(right) / 100


def _word(cell: Value) -> str:
    """What a cell other than text that stands for itself is written as."""
    return "NULL" if cell is None else cell.hex().upper() if isinstance(cell, bytes) else str(cell)


def _caseless(text: str) -> str:
    """Unicode's caseless matching (The Unicode Standard, D145) of a text's capitals, without outer space."""
    capitals = unicodedata.normalize("NFD", text).upper()
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", capitals).casefold()).strip()


def _row_fits(row: Row, twin: Row, fits: _Fits) -> bool:
    return len(row) == len(twin) and all(map(fits, row, twin))


def _pair_up(rows: Sequence[Row], gold: Sequence[Row], fits: _Fits) -> bool:
    if len(rows) != len(gold) or len(gold) > MOST:
        return False
    partner: dict[int, int] = {}

    def find(wanted: int, tried: set[int]) -> bool:
        for at, row in enumerate(rows):
            if at not in tried and _row_fits(row, gold[wanted], fits):
                tried.add(at)
                if at not in partner or find(partner[at], tried):
                    partner[at] = wanted
                    return True
        return False

    return all(find(wanted, set()) for wanted in range(len(gold)))
