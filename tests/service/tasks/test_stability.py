from __future__ import annotations

import pytest

from sqldojo.service.core.schema import Permissions
from sqldojo.service.core.task import Difficulty, Split, Task, TaskKind
from sqldojo.service.sandbox.images import DatabaseImages
from sqldojo.service.tasks.bank_file import BankDatabase
from sqldojo.service.tasks.prepare import gold_rows
from sqldojo.service.tasks.stability import unstable_instances, with_broken_ties


def unstable(shop: BankDatabase, sql: str, *, ordered: bool = False, check: str = "") -> list[int]:
    task = Task(
        "t",
        TaskKind.REPAIR,
        shop.database_id,
        Split.TRAIN,
        Difficulty.EASY,
        "f",
        "p",
        sql,
        (),
        ordered=ordered,
        check_sql=check,
        permissions=Permissions(writable=frozenset({"product"} if check else ())),
    )
    images = DatabaseImages.of(shop.database_id, shop.images)
    return unstable_instances(task, shop.images, [gold_rows(task, images, i) for i in range(3)])


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT review_id FROM review LIMIT 3",
        "SELECT review_id FROM review ORDER BY rating LIMIT 1",
        "SELECT review_id FROM review ORDER BY rating DESC LIMIT 3",
        "SELECT review_id FROM review UNION ALL SELECT order_id FROM orders LIMIT 2",
        "SELECT review_id, rating FROM review UNION SELECT 0, 5 ORDER BY 2 LIMIT 4",
        "SELECT max(id) FROM (SELECT review_id AS id FROM review ORDER BY rating LIMIT 5)",
        "WITH c AS (SELECT review_id FROM review LIMIT 5) SELECT max(review_id) FROM c",
        "SELECT group_concat(review_id) FROM review",
        "SELECT review_id, row_number() OVER (ORDER BY rating) FROM review",
    ],
)
def test_what_is_left_open_is_found(shop: BankDatabase, sql: str) -> None:
    assert unstable(shop, sql) == [0, 1, 2]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT review_id FROM review",
        "SELECT review_id FROM review ORDER BY rating",
        "SELECT review_id FROM review ORDER BY rating, review_id LIMIT 3",
        "SELECT DISTINCT rating FROM review ORDER BY rating LIMIT 2",
        "SELECT rating FROM review ORDER BY rating LIMIT 3",
        "SELECT rating, count(*) FROM review GROUP BY rating ORDER BY rating LIMIT 2",
        "SELECT rating FROM review UNION SELECT 9 ORDER BY 1 LIMIT 2",
        "WITH c AS (SELECT rating FROM review) SELECT rating FROM c UNION SELECT 9 ORDER BY 1 DESC LIMIT 2",
        "SELECT rank() OVER (ORDER BY rating), rating FROM review",
        "SELECT avg(price) FROM product",
        "SELECT max(body) FROM review WHERE 0",
    ],
)
def test_what_the_statement_decides_is_left_alone(shop: BankDatabase, sql: str) -> None:
    assert unstable(shop, sql) == []


def test_the_order_of_equal_rows_counts_where_order_counts(shop: BankDatabase) -> None:
    by_rating = "SELECT review_id FROM review ORDER BY rating"
    assert unstable(shop, by_rating, ordered=True) == [0, 1, 2]
    assert unstable(shop, f"{by_rating}, review_id", ordered=True) == []


def test_writes_are_judged_by_their_check(shop: BankDatabase) -> None:
    dearest = "SELECT product_id FROM product WHERE category_id IS NULL"
    check = "SELECT product_id FROM product WHERE price = 1"
    assert unstable(shop, f"UPDATE product SET price = 1 WHERE product_id IN ({dearest})", check=check) == []
    some = f"UPDATE product SET price = 1 WHERE product_id IN ({dearest} LIMIT 1)"
    assert unstable(shop, some, check=check) == [0, 1, 2]


def test_text_that_is_not_utf8_cannot_be_told(shop: BankDatabase) -> None:
    assert unstable(shop, "SELECT CAST(x'ff' AS TEXT) FROM review LIMIT 1") == []


def test_ties_are_broken_in_compounds_and_windows() -> None:
    assert with_broken_ties("SELECT a FROM t UNION SELECT b FROM u ORDER BY 1 LIMIT 2") == (
        "SELECT * FROM (SELECT a FROM t UNION SELECT b FROM u) AS compound ORDER BY 1, BREAK_TIE() LIMIT 2"
    )
    assert (
        with_broken_ties("SELECT rank() OVER (ORDER BY a) FROM t") == "SELECT RANK() OVER (ORDER BY a) FROM t"
    )
