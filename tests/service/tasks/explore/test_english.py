from __future__ import annotations

import pytest

from sqldojo.service.tasks.explore.english import (
    article,
    day,
    listed,
    measured,
    number,
    plural,
    said,
)


@pytest.mark.parametrize(
    ("noun", "told"),
    [
        ("order", "an order"),
        ("hour", "an hour"),
        ("unit price", "a unit price"),
        ("user", "a user"),
        ("SKU", "an SKU"),
        ("hired person", "a hired person"),
        ("one-off fee", "a one-off fee"),
        ("honest broker", "an honest broker"),
    ],
)
def test_articles(noun: str, told: str) -> None:
    assert article(noun) == told


@pytest.mark.parametrize(
    ("noun", "many"),
    [
        ("date of birth", "dates of birth"),
        ("city", "cities"),
        ("status", "statuses"),
        ("day", "days"),
        ("price per unit", "prices per unit"),
    ],
)
def test_plurals(noun: str, many: str) -> None:
    assert plural(noun) == many


def test_lists() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b"]) == "a and b"
    assert listed(["a", "b", "c"], "or") == "a, b or c"


def test_numbers_and_units() -> None:
    assert number(1234567) == "1,234,567"
    assert number(160000.0) == "160,000"
    assert number(1999, plain=True) == "1999"
    assert measured(1200, "francs") == "1,200 francs"
    assert measured(4.5, "%") == "4.5%"


def test_days() -> None:
    assert day("2024-05-01 10:15") == "1 May 2024"
    assert day("2024-05-01", words=False) == "2024-05-01"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("Oslo", "Oslo"),
        ("paid", "paid"),
        ("Public Fund", "Public Fund"),
        ("chest pain", '"chest pain"'),
        ("AB-", "AB-"),
        ('Anna "Annie" L', "'Anna \"Annie\" L'"),
        (7, "7"),
    ],
)
def test_values_are_quoted_where_they_do_not_read_as_names(value: str | int, told: str) -> None:
    assert said(value) == told
