"""What a ticket says of the rows: true, and no more of gold than a colleague would tell."""

from __future__ import annotations

from random import Random

import pytest

from sqldojo.service.core.execution import ActionError, Column, ErrorKind, Row, Rows
from sqldojo.service.tasks.repair.gate import Symptom
from sqldojo.service.tasks.repair.symptoms import describe

GOLD = [("Oslo", 4), ("Lyon", 3), ("Graz", 2), ("Porto", 1)]
DRAWS = 40


def rows(cells: list[Row], width: int = 2) -> Rows:
    return Rows(tuple(Column(f"c{place}") for place in range(width)), cells)


def told(result: Rows | ActionError, gold: Rows, *, ordered: bool = False, instance: int = 0) -> set[str]:
    """All that is said in a number of draws."""
    symptom = Symptom(result, gold, instance)
    return {describe(symptom, ordered=ordered, rng=Random(seed)) for seed in range(DRAWS)}


def test_an_error_is_quoted() -> None:
    said = told(ActionError(ErrorKind.SYNTAX, 'near "FORM": syntax error'), rows(GOLD))
    assert len(said) >= 5
    assert all('near "FORM": syntax error.' in each for each in said)


def test_an_empty_result_is_called_so() -> None:
    assert all("0 rows" not in each for each in told(rows([]), rows(GOLD)))


def test_rows_are_counted() -> None:
    assert all("6 rows" in each for each in told(rows([*GOLD, ("Bern", 9), ("Rome", 8)]), rows(GOLD)))
    assert all("2 rows" in each for each in told(rows(GOLD[:2]), rows(GOLD)))
    assert all(
        "1 row " in each or "1 row," in each or "1 row;" in each for each in told(rows(GOLD[:1]), rows(GOLD))
    )


@pytest.mark.parametrize(
    ("result", "named", "unnamed"),
    [
        ([*GOLD, ("Bern", 9)], "Bern", "Oslo"),
        ([*GOLD, GOLD[1]], "Lyon", "Oslo"),
        (GOLD[:3], "Porto", "Graz"),
    ],
)
def test_an_example_is_one_of_the_wrong_rows(result: list[Row], named: str, unnamed: str) -> None:
    said = told(rows(result), rows(GOLD))
    assert any(named in each for each in said)
    assert not any(unnamed in each for each in said)


def test_of_a_short_result_no_missing_row_is_named() -> None:
    assert not any("Lyon" in each for each in told(rows(GOLD[:1]), rows(GOLD[:2])))


def test_a_wrong_figure_is_named_and_the_right_one_is_not() -> None:
    said = told(rows([("Oslo", 40), *GOLD[1:]]), rows(GOLD))
    assert all("40" in each and "Oslo" in each and "second" in each for each in said)
    assert all("too high" in each or "too much" in each for each in said)
    single = told(rows([(7,)], 1), rows([(19,)], 1))
    assert all("7" in each and "19" not in each for each in single)


def test_a_wrong_order_is_told_only_where_it_counts() -> None:
    turned = rows(GOLD[::-1])
    assert any("Porto" in each for each in told(turned, rows(GOLD), ordered=True))
    assert all("order" in each or "begin" in each for each in told(turned, rows(GOLD), ordered=True))


def test_columns_are_counted_and_their_places_told() -> None:
    said = told(rows([("Oslo",)], 1), rows(GOLD))
    assert all("1 column" in each and "2 columns" in each for each in said)
    swapped: list[Row] = [(number, city) for city, number in GOLD]
    assert all("column" in each for each in told(rows(swapped), rows(GOLD)))


def test_of_an_instance_that_nobody_sees_no_value_is_told() -> None:
    said = told(rows([("Oslo", 40), *GOLD[1:]]), rows(GOLD), instance=2)
    assert all("Oslo" not in each and "40" not in each for each in said)
    assert all("copy" in each or "other site" in each or "live system" in each for each in said)
    failed = told(ActionError(ErrorKind.OTHER, "integer overflow"), rows(GOLD), instance=1)
    assert all("copy" in each or "other site" in each or "live system" in each for each in failed)
