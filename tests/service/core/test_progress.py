from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqldojo.service.core.execution import Column, Row, Rows
from sqldojo.service.core.progress import ProgressMeter, binned

CELLS = st.one_of(
    st.none(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.text(max_size=3)
)
RESULTS = st.lists(st.tuples(CELLS, CELLS), max_size=6).map(lambda cells: rows(*cells))


def rows(*cells: Row) -> Rows:
    return Rows((Column("a"), Column("b")), list(cells))


@given(RESULTS, RESULTS)
def test_progress_lies_between_0_and_1_and_is_1_for_gold_itself(gold: Rows, other: Rows) -> None:
    meter = ProgressMeter(gold)
    assert meter.measure(gold) == pytest.approx(1.0)
    assert 0.0 <= meter.measure(other) <= 1.0 + 1e-12


@given(RESULTS, st.lists(RESULTS, min_size=2, max_size=6), st.lists(st.integers(0, 5), max_size=20))
def test_a_result_measures_the_same_whatever_was_measured_before(
    gold: Rows, results: list[Rows], order: list[int]
) -> None:
    meter = ProgressMeter(gold)
    for place in order:
        result = results[place % len(results)]
        assert meter.measure(result) == ProgressMeter(gold).measure(result)
        assert meter.measure(rows(*result.rows)) == meter.measure(result)  # one that is gone right after


def test_the_three_parts() -> None:
    meter = ProgressMeter(rows((10, "x"), (20, "y")))
    # 1 of 2 rows; of the values 10, x, 20, y and 10, z one is common to both; 10 is met, 20 is 10 away
    expected = 0.25 * 0.5 + 0.5 * (1 / 5) + 0.25 * (1 + 1 / (1 + math.log(11))) / 2
    assert meter.measure(rows((10, "z"))) == pytest.approx(expected)


def test_without_numbers_in_gold_numbers_do_not_help() -> None:
    meter = ProgressMeter(rows(("x", "y")))
    assert meter.measure(rows(("p", "q"))) == pytest.approx(0.5)
    assert meter.measure(rows((1, 2))) == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("progress", "at"),
    [(0, 0), (0.124, 0), (0.125, 0.25), (0.374, 0.25), (0.5, 0.5), (0.874, 0.75), (0.875, 1), (1, 1)],
)
def test_bins(progress: float, at: float) -> None:
    assert binned(progress) == at
