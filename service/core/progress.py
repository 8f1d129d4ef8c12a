"""How near a result is to the gold result: the measure behind progress rewards."""

from __future__ import annotations

import math
from bisect import bisect_left
from functools import cached_property
from itertools import chain
from weakref import ref

from .execution import Rows, Value

CARDINALITY_WEIGHT = 0.25
OVERLAP_WEIGHT = 0.50
NUMERIC_WEIGHT = 0.25
BIN = 0.25
REMEMBERED = 4  # results that a group of rollouts may come with again


class ProgressMeter:
    """Measures results against one gold result.

    progress = 0.25 * cardinality + 0.50 * value overlap + 0.25 * numeric range, each in [0, 1]:

    - cardinality: the smaller number of rows over the larger, 1 when both are 0;
    - value overlap: the Jaccard index of the two sets of cell values;
    - numeric range: the mean over gold's distinct numbers of 1 / (1 + ln(1 + d)), where d is the
      distance to the nearest number of the result; where gold has no numbers, 1 if the result has none
      either, else 0.

    Equal results measure 1. The weights and the bins are those of the SQLEnv reward.
    """

    def __init__(self, gold: Rows) -> None:
        self._gold = gold
        self._known: tuple[tuple[ref[Rows], float], ...] = ()  # the last ones measured

    @cached_property
    def _values(self) -> frozenset[Value]:
        return frozenset(chain.from_iterable(self._gold.rows))

    @cached_property
    def _numbers(self) -> list[int | float]:
        return _numbers(self._values)

    @cached_property
    def _kinds(self) -> frozenset[type]:
        kinds = frozenset(map(type, self._values))
        return kinds if kinds.isdisjoint(_NUMERIC) else kinds | _NUMERIC  # 1 and 1.0 are one value

    def measure(self, rows: Rows) -> float:
        """Gives the progress of a result, from 0 to 1."""
        for known, progress in self._known:
            if known() is rows:
                return progress
        progress = self._measure(rows)
        self._known = ((ref(rows), progress), *self._known[: REMEMBERED - 1])
        return progress

    def _measure(self, rows: Rows) -> float:
        count, gold_count = len(rows.rows), len(self._gold.rows)
        cardinality = min(count, gold_count) / max(count, gold_count) if count or gold_count else 1.0
        overlap, numbers = self._compare(rows)
        return (
            CARDINALITY_WEIGHT * cardinality
            + OVERLAP_WEIGHT * overlap
            + NUMERIC_WEIGHT * self._numeric(numbers)
        )

    def _compare(self, rows: Rows) -> tuple[float, list[int | float]]:
        """Gives the value overlap, and the distinct numbers of a result in order."""
        kinds = frozenset(map(type, chain.from_iterable(rows.rows)))
        if kinds and kinds.isdisjoint(self._kinds) and kinds.isdisjoint(_NUMERIC):
            return 0.0, []  # nothing can be common, so no value need be looked at
        values = frozenset(chain.from_iterable(rows.rows))
        common = len(values & self._values)
        union = len(values) + len(self._values) - common
        return common / union if union else 1.0, _numbers(values)

    def _numeric(self, numbers: list[int | float]) -> float:
        if not self._numbers:
            return 0.0 if numbers else 1.0
        if not numbers:
            return 0.0
        return math.fsum(_closeness(number, numbers) for number in self._numbers) / len(self._numbers)


def binned(progress: float) -> float:
    """Rounds a progress to the nearest of 0, 0.25, 0.5, 0.75 and 1; half-way goes up."""
    return math.floor(progress / BIN + 0.5) * BIN


def _numbers(values: frozenset[Value]) -> list[int | float]:
    if _NUMERIC.isdisjoint(map(type, values)):
        return []
    return sorted([value for value in values if isinstance(value, _NUMBER)])


_NUMBER = (int, float)
_NUMERIC = frozenset(_NUMBER)


def _closeness(number: int | float, others: list[int | float]) -> float:
    """1 / (1 + ln(1 + d)) with d the distance to the nearest of `others`, which are sorted."""
    place = bisect_left(others, number)
    distance = min(
        0.0 if other == number else abs(float(other) - float(number))  # equal infinities have no difference
        for other in others[max(place - 1, 0) : place + 1]
    )
    return 1.0 / (1.0 + math.log1p(distance))
