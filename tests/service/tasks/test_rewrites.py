"""Equivalent rewrites give the rows that they must: a statement's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sqldojo.service.core.execution import Rows
from sqldojo.service.core.grading import same_rows
from sqldojo.service.tasks.bank_file import BankDatabase
from sqldojo.service.tasks.instances import Instances
from sqldojo.service.tasks.rewrites import KINDS, rewrites


@pytest.fixture(scope="module")
def instances(shop: BankDatabase) -> Iterator[Instances]:
    opened = Instances(shop.database_id, shop.images)
    yield opened
    opened.close()


STATEMENTS = [
    "SELECT p.name FROM product AS p WHERE p.price BETWEEN 5 AND 20 AND p.weight_kg <> 1 ORDER BY p.name",
    "SELECT name, iif(price > 50, 'dear', 'cheap') FROM product WHERE price >= 10 AND price <= 60",
    "SELECT CASE WHEN price > 50 THEN 1 ELSE 0 END, count(*) FROM product GROUP BY 1",
    "SELECT coalesce(weight_kg, -1), product_id FROM product WHERE NOT (price > 20 OR weight_kg IS NULL)",
    "SELECT DISTINCT c.country, c.city FROM customer AS c JOIN orders AS o ON o.customer_id = c.customer_id",
    "SELECT c.customer_id, count(o.order_id) FROM customer AS c"
    " LEFT JOIN orders AS o ON o.customer_id = c.customer_id GROUP BY c.customer_id HAVING count(*) > 1",
    "SELECT c.name FROM customer AS c WHERE c.customer_id IN"
    " (SELECT o.customer_id FROM orders AS o WHERE o.status = 'delivered')",
    "SELECT c.name FROM customer AS c WHERE EXISTS"
    " (SELECT 1 FROM orders AS o WHERE o.customer_id = c.customer_id AND o.status <> 'delivered')",
    "SELECT c.name FROM customer AS c WHERE c.customer_id NOT IN"
    " (SELECT o.customer_id FROM orders AS o WHERE o.customer_id IS NOT NULL)",
    "SELECT sum(l.quantity * l.unit_price), o.status FROM orders AS o"
    " JOIN order_line AS l ON l.order_id = o.order_id JOIN product AS p ON p.product_id = l.product_id"
    " WHERE o.status IN ('delivered', 'shipped') AND p.price > 3 GROUP BY o.status ORDER BY 1 DESC",
    "WITH big AS (SELECT order_id, count(*) AS n FROM order_line GROUP BY order_id)"
    " SELECT o.order_id, b.n FROM orders AS o JOIN big AS b ON b.order_id = o.order_id WHERE b.n > 2",
    "SELECT t.status, t.n FROM (SELECT status, count(*) AS n FROM orders GROUP BY status) AS t WHERE t.n > 5",
    "SELECT city FROM customer WHERE country = 'Poland' UNION SELECT city FROM customer WHERE city LIKE 'B%'",
    "SELECT customer_id FROM customer INTERSECT SELECT customer_id FROM orders",
    "SELECT product_id, price FROM product ORDER BY price DESC, product_id LIMIT 5",
    "SELECT name FROM product WHERE (price > 20 AND weight_kg > 1) OR price < 5",
    "SELECT t.name FROM (SELECT name, price, sku FROM product) AS t WHERE t.price > 5",
    "SELECT product_id, rank() OVER (PARTITION BY category_id ORDER BY price DESC) FROM product",
]


@pytest.mark.parametrize("sql", STATEMENTS)
def test_a_rewrite_gives_the_same_rows_on_every_instance(instances: Instances, sql: str) -> None:
    ordered = "ORDER BY p" in sql
    golds = [instances.run(sql, instance) for instance in range(len(instances))]
    made = list(rewrites(sql, instances.schema))
    assert len(made) >= 3
    for rewrite in made:
        for instance, gold in enumerate(golds):
            rows = instances.run(rewrite.sql, instance)
            assert isinstance(gold, Rows), gold
            assert isinstance(rows, Rows), (rewrite, rows)
            assert same_rows(rows, gold, ordered=ordered), rewrite


def test_every_kind_of_rewrite_is_made(instances: Instances) -> None:
    made = {rewrite.kind for sql in STATEMENTS for rewrite in rewrites(sql, instances.schema)}
    assert set(KINDS) - made == set()


def test_texts_differ_and_the_order_is_the_one_asked_for(instances: Instances) -> None:
    sql = STATEMENTS[9]
    texts = [rewrite.sql for rewrite in rewrites(sql, instances.schema)]
    assert len(set(texts)) == len(texts)
    assert sql not in texts
    chosen = [rewrite.kind for rewrite in rewrites(sql, instances.schema, ("comma join", "join order"))]
    assert chosen == ["comma join", "join order"]


def test_what_may_not_be_rewritten_is_left_alone(instances: Instances) -> None:
    def kinds(sql: str) -> set[str]:
        return {rewrite.kind for rewrite in rewrites(sql, instances.schema)}

    outer = "SELECT c.name FROM customer AS c LEFT JOIN orders AS o ON o.customer_id = c.customer_id"
    assert kinds(outer).isdisjoint({"join order", "comma join", "conditions in ON"})
    star = "SELECT * FROM customer AS c JOIN orders AS o ON o.customer_id = c.customer_id"
    assert kinds(star).isdisjoint({"join order", "comma join"})
    assert "EXISTS for IN" not in kinds(STATEMENTS[8])
    assert list(rewrites("DELETE FROM orders WHERE status = 'new'", instances.schema)) == []
