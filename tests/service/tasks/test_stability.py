from __future__ import annotations

import apsw
import pytest
from sqlglot import parse_one

from sqldojo.service.core.schema import Permissions
from sqldojo.service.core.task import Difficulty, Split, Task, TaskKind
from sqldojo.service.sandbox.images import DatabaseImages, read_schema
from sqldojo.service.tasks import stability
from sqldojo.service.tasks.bank_file import BankDatabase
from sqldojo.service.tasks.databases import INSTANCES
from sqldojo.service.tasks.prepare import gold_rows
from sqldojo.service.tasks.settled import leaves_nothing_open
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
    return Shaker(images).unstable_instances(task, parse_one(sql, read="sqlite"), golds)


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


GROUPED = [
    "SELECT r.rating, count(*) FROM review AS r GROUP BY r.rating HAVING max(r.rating) > 1",
    "SELECT upper(name), avg(price) + 1 FROM product GROUP BY upper(name)",
    "SELECT name FROM product WHERE product_id IN (SELECT product_id FROM review WHERE rating = 1)",
    "SELECT name FROM product AS p WHERE EXISTS (SELECT 1 FROM review AS r WHERE r.rating = p.price)",
    "SELECT name FROM product WHERE price > (SELECT avg(price) FROM product)",
    "SELECT rating FROM review EXCEPT SELECT rating FROM review WHERE product_id < 10",
    # The columns of a table are the same where its key is, and those of another that it refers to.
    "SELECT sku, name, count(*) FROM product AS p JOIN review AS r USING_KEY GROUP BY p.product_id",
    "SELECT c.name, p.sku, max(r.rating) FROM review AS r JOIN product AS p ON p.product_id = r.product_id"
    " JOIN category AS c ON c.category_id = p.category_id GROUP BY p.product_id",
    "SELECT name, count(*) FROM product WHERE name = 'Mug' GROUP BY category_id",
    "SELECT review_id FROM review WHERE strftime('%Y', written_on, '+1 day') < julianday(written_on)",
    "SELECT rating, 1.0 * count(*) / sum(count(*)) OVER () FROM review GROUP BY rating",
    "SELECT review_id, sum(rating) OVER (PARTITION BY product_id ORDER BY written_on) FROM review",
    "SELECT review_id, rank() OVER (ORDER BY rating), count(*) OVER (PARTITION BY rating) FROM review",
    "SELECT review_id, row_number() OVER (PARTITION BY product_id ORDER BY rating, review_id) FROM review",
    "SELECT rating, lag(count(*)) OVER (ORDER BY rating) FROM review GROUP BY rating",
    "SELECT review_id, sum(rating) OVER (ORDER BY review_id ROWS 2 PRECEDING) FROM review",
]
SORTED = [
    "SELECT body FROM review ORDER BY rating, review_id LIMIT 3",
    "SELECT * FROM review ORDER BY review_id DESC LIMIT 3 OFFSET 2",
    "SELECT rating AS stars FROM review ORDER BY stars LIMIT 3",
    "SELECT rating, product_id FROM review ORDER BY 2, 1 LIMIT 3",
    "SELECT DISTINCT rating FROM review ORDER BY rating LIMIT 2",
    "SELECT sku, count(*) FROM product AS p JOIN review AS r USING_KEY GROUP BY p.product_id"
    " ORDER BY count(*), p.product_id LIMIT 3",
    "SELECT p.name, count(*) AS n FROM product AS p JOIN review AS r USING_KEY GROUP BY p.product_id"
    " ORDER BY n DESC, p.sku LIMIT 3",
    "SELECT p.name FROM product AS p JOIN review AS r USING_KEY ORDER BY r.review_id LIMIT 3",
    "SELECT p.name, r.rating FROM product AS p LEFT JOIN review AS r USING_KEY"
    " ORDER BY p.product_id, r.review_id LIMIT 9",
    "SELECT rating FROM review UNION SELECT 9 ORDER BY 1 LIMIT 2",
    "SELECT rating AS n, 1 AS one FROM review UNION ALL SELECT price, 2 FROM product ORDER BY n, one LIMIT 2",
]
ONE_ROW = [
    "WITH g AS (SELECT max(n) AS m FROM (SELECT 1 AS n)) SELECT max(m) FROM (SELECT m FROM g) AS f",
    "WITH g AS (SELECT rating, count(*) AS n FROM review GROUP BY rating) SELECT max(n) FROM g",
    "SELECT max(n) FROM (SELECT count(*) AS n FROM review GROUP BY rating) AS g LIMIT 1",
    "SELECT count(*) FROM review WHERE rating = (SELECT rating FROM review ORDER BY rating DESC LIMIT 1)",
]
OPEN = [
    "SELECT review_id, rating, count(*) FROM review GROUP BY rating",
    "SELECT rating FROM review GROUP BY product_id",
    "SELECT count(*) FROM review GROUP BY rating HAVING body > 'm'",
    "SELECT max(rating, review_id), count(*) FROM review",
    "SELECT rating % 2 AS rating, count(*) FROM review GROUP BY rating",
    "SELECT body, count(*) FROM review GROUP BY 2 - 1",
    "SELECT name, (SELECT body FROM review AS r WHERE r.product_id = p.product_id) FROM product AS p",
    "SELECT name FROM product WHERE price = (SELECT rating FROM review GROUP BY rating)",
    "SELECT name FROM product WHERE (SELECT rating FROM review) IN (1, 2)",
    "SELECT (SELECT rating FROM review UNION SELECT price FROM product)",
    "SELECT (SELECT max(p.price) FROM review) FROM product AS p",
    "SELECT (SELECT max(price) FROM review) FROM product",
    "SELECT (SELECT n FROM (SELECT max(price) AS n FROM review)) FROM product",
    "SELECT (SELECT n FROM (SELECT max(p.price) AS n FROM review)) FROM product AS p",
    "SELECT rating, (SELECT body FROM product LIMIT 1) FROM review GROUP BY rating",
    "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 9) SELECT i FROM r",
    "SELECT group_concat(body), json_group_array(body) FROM review",
    # what a key does not decide, and a key that another table's rows repeat
    "SELECT p.sku, r.body, count(*) FROM product AS p JOIN review AS r USING_KEY GROUP BY p.product_id",
    "SELECT p.sku, r.body FROM product AS p JOIN review AS r USING_KEY ORDER BY p.product_id LIMIT 3",
    "SELECT p.sku, r.body FROM product AS p LEFT JOIN review AS r USING_KEY ORDER BY r.review_id LIMIT 3, 5",
    "SELECT c.name, p.sku FROM category AS c LEFT JOIN product AS p ON p.category_id = c.category_id"
    " ORDER BY p.product_id LIMIT 3",
    "SELECT body FROM review ORDER BY rating LIMIT 3",
    "SELECT body FROM review LIMIT 3 OFFSET 2",
    "SELECT DISTINCT rating FROM review ORDER BY review_id LIMIT 2",
    "SELECT count(*) AS rating FROM review GROUP BY product_id ORDER BY body LIMIT 1",
    "SELECT rating AS review_id, body FROM review ORDER BY review_id LIMIT 1",
    "SELECT rating, count(*) FROM review GROUP BY rating ORDER BY count(*) LIMIT 2",
    "SELECT review_id, rating FROM review UNION SELECT 0, 5 ORDER BY 2 LIMIT 4",
    "SELECT * FROM (SELECT body FROM review LIMIT 3)",
    "SELECT review_id, row_number() OVER (ORDER BY rating) FROM review",
    "SELECT review_id, sum(rating) OVER (ORDER BY rating ROWS 2 PRECEDING) FROM review",
    "SELECT review_id, sum(rating) OVER (ROWS UNBOUNDED PRECEDING) FROM review",
    "SELECT rating, sum(review_id) OVER () FROM review GROUP BY rating",
    "SELECT rating, lag(count(*)) OVER (ORDER BY count(*)) FROM review GROUP BY rating",
    "SELECT body, rank() OVER (PARTITION BY count(*)) FROM review",
    "SELECT first_value(body) OVER w FROM review WINDOW w AS (ORDER BY rating)",
]


def is_proved(shop: BankDatabase, sql: str, *, ordered: bool = False) -> bool:
    return leaves_nothing_open(parse_one(sql, read="sqlite"), read_schema(shop.images[0]), ordered=ordered)


def spelled(statements: list[str]) -> list[str]:
    return [sql.replace("USING_KEY", "ON r.product_id = p.product_id") for sql in statements]


@pytest.mark.parametrize("sql", spelled([*GROUPED, *SORTED, *ONE_ROW]))
def test_what_is_proved_to_leave_nothing_open_is_stable(
    shop: BankDatabase, sql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_is_proved = is_proved(shop, sql, ordered=True)
    assert is_proved(shop, sql)
    assert order_is_proved == (sql not in spelled(GROUPED))
    monkeypatch.setattr(stability, "leaves_nothing_open", lambda *_, **__: False)
    assert unstable(shop, sql, ordered=order_is_proved) == []


@pytest.mark.parametrize("sql", spelled(OPEN))
def test_nothing_is_proved_of_what_may_be_any_rows(shop: BankDatabase, sql: str) -> None:
    assert not is_proved(shop, sql)


@pytest.mark.parametrize("name", ["name COLLATE NOCASE", "name"])
def test_a_collation_may_take_other_values_for_equal(name: str) -> None:
    collation = "" if "COLLATE" in name else "COLLATE NOCASE"
    connection = apsw.Connection(":memory:")
    connection.execute(f"CREATE TABLE t (name TEXT {collation}); INSERT INTO t VALUES ('a'), ('A')")
    names = BankDatabase("names", "Names", Split.TRAIN, (connection.serialize("main"),) * INSTANCES)
    assert unstable(names, f"SELECT min({name}), max({name}) FROM t") == ALL


def test_the_order_of_equal_rows_counts_where_order_counts(shop: BankDatabase) -> None:
    by_rating = "SELECT review_id FROM review ORDER BY rating"
    assert unstable(shop, by_rating, ordered=True) == ALL
    assert unstable(shop, f"{by_rating}, review_id", ordered=True) == []


def test_the_first_and_the_last_of_equal_rows_may_be_the_same() -> None:
    connection = apsw.Connection(":memory:")
    connection.execute(
        "CREATE TABLE item (name TEXT, qty INT);"
        " INSERT INTO item VALUES ('a', 1), ('b', 1), ('c', 1), ('d', 1), ('e', 1), ('f', 1), ('a', 1)"
    )
    items = BankDatabase("items", "Items", Split.TRAIN, (connection.serialize("main"),) * INSTANCES)
    assert unstable(items, "SELECT name FROM item ORDER BY qty LIMIT 1") == ALL


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
