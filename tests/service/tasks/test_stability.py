from __future__ import annotations

import apsw
import pytest
from sqlglot import parse_one

from sqldojo.service.core.schema import Permissions
from sqldojo.service.core.task import Difficulty, Split, Task, TaskKind
from sqldojo.service.sandbox.images import DatabaseImages
from sqldojo.service.tasks.bank_file import BankDatabase
from sqldojo.service.tasks.databases import INSTANCES
from sqldojo.service.tasks.prepare import gold_rows
from sqldojo.service.tasks.stability import Shaker, with_broken_ties

ALL = list(range(INSTANCES))


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
    golds = [gold_rows(task, images, instance) for instance in range(INSTANCES)]
    return Shaker(shop.images).unstable_instances(task, parse_one(sql, read="sqlite"), golds)


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
        "SELECT count(*), body FROM review",
        "SELECT iif(count(*) > 1, body, '') FROM review",
        "SELECT review_id FROM review WHERE review_id = (SELECT review_id FROM review WHERE rating = 5)",
        "SELECT json_group_array(review_id) FROM review",
    ],
)
def test_what_is_left_open_is_found(shop: BankDatabase, sql: str) -> None:
    assert unstable(shop, sql) == ALL


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
        "SELECT DISTINCT r.rating, p.name FROM review AS r JOIN product AS p ON p.product_id = r.product_id",
    ],
)
def test_what_the_statement_decides_is_left_alone(shop: BankDatabase, sql: str) -> None:
    assert unstable(shop, sql) == []


def test_the_order_of_equal_rows_counts_where_order_counts(shop: BankDatabase) -> None:
    by_rating = "SELECT review_id FROM review ORDER BY rating"
    assert unstable(shop, by_rating, ordered=True) == ALL
    assert unstable(shop, f"{by_rating}, review_id", ordered=True) == []


def test_writes_are_judged_by_their_check(shop: BankDatabase) -> None:
    dearest = "SELECT product_id FROM product WHERE category_id IS NULL"
    check = "SELECT product_id FROM product WHERE price = 1"
    assert unstable(shop, f"UPDATE product SET price = 1 WHERE product_id IN ({dearest})", check=check) == []
    some = f"UPDATE product SET price = 1 WHERE product_id IN ({dearest} LIMIT 1)"
    assert unstable(shop, some, check=check) == ALL


def test_text_that_is_not_utf8_cannot_be_told(shop: BankDatabase) -> None:
    assert unstable(shop, "SELECT CAST(x'ff' AS TEXT) FROM review LIMIT 1") == []


def test_writes_are_undone_before_the_next_statement(shop: BankDatabase) -> None:
    write = "UPDATE product SET price = price + 1"
    check = "SELECT sum(price) FROM product"
    assert unstable(shop, write, check=check) == unstable(shop, write, check=check) == []


def test_what_takes_too_long_the_other_way_round_cannot_be_told() -> None:
    connection = apsw.Connection(":memory:")
    connection.execute(
        "CREATE TABLE n (i); WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r LIMIT 400)"
        " INSERT INTO n SELECT i FROM r"
    )
    numbers = BankDatabase("numbers", "Numbers", Split.TRAIN, (connection.serialize("main"),) * INSTANCES)
    # Read forwards, the first row is the one; read backwards, it is the last of 64 million.
    slow = "SELECT 1 FROM n AS a CROSS JOIN n AS b CROSS JOIN n AS c WHERE a.i + b.i + c.i = 3 LIMIT 1"
    assert unstable(numbers, slow) == []


def test_ties_are_broken_in_compounds_and_windows() -> None:
    assert with_broken_ties(
        parse_one("SELECT a FROM t UNION SELECT b FROM u ORDER BY 1 LIMIT 2", read="sqlite")
    ) == ("SELECT * FROM (SELECT a FROM t UNION SELECT b FROM u) AS compound ORDER BY 1, BREAK_TIE() LIMIT 2")
    assert with_broken_ties(parse_one("SELECT rank() OVER (ORDER BY a) FROM t", read="sqlite")) == ""
