"""Asking for an order, where the words can decide it."""

from __future__ import annotations

from random import Random

import pytest

from sqldojo.service.core.execution import Rows
from sqldojo.service.core.task import AnswerKind
from sqldojo.service.tasks.databases import DOMAINS, build_image
from sqldojo.service.tasks.explore.intent import Intent
from sqldojo.service.tasks.ground import Ground
from sqldojo.service.tasks.instances import Instances
from sqldojo.service.tasks.repair.sorting import with_order


@pytest.fixture(scope="module")
def hospital() -> Ground:
    domain = next(domain for domain in DOMAINS if domain.database_id == "hospital")
    images = [build_image(domain, instance) for instance in range(2)]
    return Ground("hospital", domain.split, domain.lexicon, Instances("hospital", images))


def intent(sql: str, kind: AnswerKind | None = AnswerKind.TABLE) -> Intent:
    return Intent("table", sql, ("Which?",), ("those",), kind)


@pytest.mark.parametrize(
    ("sql", "key"),
    [
        ("SELECT status, count(*) FROM appointment GROUP BY status", lambda row: (row[1], row[0])),
        ("SELECT physician_id FROM physician WHERE salary > 100000", lambda row: row[0]),
    ],
)
def test_the_rows_come_as_the_words_say(sql: str, key: object, hospital: Ground) -> None:
    assert callable(key)
    ways = set()
    for seed in range(12):
        wanted = with_order(intent(sql), hospital, Random(seed))
        assert wanted is not None
        assert wanted.ordered
        (note,) = wanted.notes
        way = "descending" if "descending" in note.replace("descending order by", "") else "ascending"
        ways.add(way)
        result, unsorted = hospital.instances.run(wanted.sql), hospital.instances.run(sql)
        assert isinstance(result, Rows)
        assert isinstance(unsorted, Rows)
        assert sorted(result.rows, key=key) == sorted(unsorted.rows, key=key)
        firsts = [row[-1] for row in result.rows]
        assert firsts == sorted(firsts, reverse=way == "descending")
    assert ways == {"ascending", "descending"}


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT insurer, count(*) FROM patient GROUP BY insurer",  # a NULL, whose place is open
        "SELECT name FROM physician WHERE salary > 100000",  # letters, which people sort in other ways
        "SELECT physician_id FROM physician ORDER BY salary LIMIT 5",
        "SELECT count(*) FROM patient",
    ],
)
def test_no_order_is_asked_for_that_words_leave_open(sql: str, hospital: Ground) -> None:
    assert with_order(intent(sql), hospital, Random(1)) is None


def test_one_value_is_not_sorted(hospital: Ground) -> None:
    sql = "SELECT physician_id FROM physician"
    assert with_order(intent(sql, AnswerKind.INTEGER), hospital, Random(1)) is None
