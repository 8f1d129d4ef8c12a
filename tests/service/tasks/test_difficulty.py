from __future__ import annotations

import pytest
import sqlglot

from sqldojo.service.core.task import Difficulty
from sqldojo.service.tasks.difficulty import difficulty_of

EASY, MEDIUM, HARD = Difficulty


@pytest.mark.parametrize(
    ("sql", "difficulty"),
    [
        ("SELECT 1", EASY),
        ("SELECT a, count(*) FROM t GROUP BY a HAVING count(*) > 2 ORDER BY 2 LIMIT 1", EASY),
        ("UPDATE t SET a = 1", EASY),
        ("DELETE FROM t WHERE a IS NULL", EASY),
        ("SELECT * FROM t JOIN u USING (id)", MEDIUM),
        ("SELECT * FROM t WHERE a > (SELECT avg(a) FROM t)", MEDIUM),
        ("WITH c AS (SELECT a FROM t) SELECT * FROM c", MEDIUM),
        ("UPDATE t SET a = (SELECT max(a) FROM u)", MEDIUM),
        ("SELECT * FROM t JOIN u USING (id) JOIN v USING (id)", HARD),
        ("SELECT * FROM t AS a JOIN t AS b JOIN t AS c", HARD),
        ("SELECT a FROM t UNION SELECT a FROM u", HARD),
        ("SELECT a FROM t EXCEPT SELECT a FROM t", HARD),
        ("WITH c AS (SELECT a FROM t), d AS (SELECT a FROM c) SELECT * FROM d", HARD),
    ],
)
def test_the_structure_decides(sql: str, difficulty: Difficulty) -> None:
    assert difficulty_of(sql) is difficulty


def test_what_does_not_parse_is_an_error() -> None:
    with pytest.raises(sqlglot.errors.SqlglotError):
        difficulty_of("SELECT count(* FROM t")
