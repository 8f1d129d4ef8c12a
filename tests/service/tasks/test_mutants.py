"""Single-edit mutants: which there are, and which are left out because nobody could tell them apart."""

from __future__ import annotations

import re

import pytest
import sqlglot

from sqldojo.service.core.schema import Schema
from sqldojo.service.sandbox.images import DatabaseImages
from sqldojo.service.tasks.bank_file import BankDatabase
from sqldojo.service.tasks.mutants import MOST, mutants


@pytest.fixture(scope="module")
def schema(shop: BankDatabase) -> Schema:
    return DatabaseImages.of(shop.database_id, shop.images).schema


JOINED = (
    "SELECT c.country, count(*), avg(o.order_id + 1) FROM customer AS c"
    " JOIN orders AS o ON o.customer_id = c.customer_id"
    " WHERE o.status = 'delivered' AND o.ordered_on >= '2024-01-01' GROUP BY c.country, c.city"
)


@pytest.mark.parametrize(
    ("sql", "kind", "expected"),
    [
        ("SELECT sum(price) FROM product", "aggregate", "AVG(price)"),
        ("SELECT min(price) FROM product", "aggregate", "MAX(price)"),
        (JOINED, "aggregate", "SUM(o.order_id + 1)"),
        ("SELECT name FROM product WHERE price > 5", "comparison", "price >= 5"),
        ("SELECT name FROM product WHERE price BETWEEN 5 AND 9", "bound", "price > 5 AND price <= 9"),
        ("SELECT name FROM product WHERE weight_kg IS NULL", "negation", "NOT weight_kg IS NULL"),
        ("SELECT name FROM product WHERE price > 5 AND weight_kg > 1", "connector", "OR"),
        (JOINED, "grouping", "GROUP BY c.city"),
        ("SELECT DISTINCT city FROM customer", "distinct", "SELECT city FROM customer"),
        ("SELECT name FROM product ORDER BY price LIMIT 3", "order", "ORDER BY price DESC"),
        ("SELECT name FROM product ORDER BY price LIMIT 3", "limit", "LIMIT 4"),
        ("SELECT city FROM customer UNION SELECT name FROM product", "set operation", "INTERSECT"),
        ("SELECT coalesce(weight_kg, 0) FROM product", "coalesce dropped", "SELECT weight_kg FROM product"),
        ("SELECT price + weight_kg FROM product", "arithmetic", "price - weight_kg"),
        ("SELECT strftime('%Y', ordered_on) FROM orders", "date part", "'%m'"),
        (
            "SELECT rank() OVER (PARTITION BY category_id ORDER BY price) FROM product",
            "partition dropped",
            "OVER (ORDER BY price)",
        ),
    ],
)
def test_one_decision_is_taken_otherwise(schema: Schema, sql: str, kind: str, expected: str) -> None:
    assert any(mutant.kind == kind and expected in mutant.sql for mutant in mutants(sql, schema)), [
        *mutants(sql, schema)
    ]


@pytest.mark.parametrize(
    ("sql", "same"),
    [
        ("SELECT name FROM product ORDER BY price", r"ORDER BY price DESC"),
        (
            "SELECT city FROM customer WHERE city IN (SELECT DISTINCT city FROM customer)",
            r"\(SELECT city FROM customer\)",
        ),
        ("SELECT product_id, name, count(*) FROM product GROUP BY product_id, name", r"GROUP BY product_id$"),
        ("SELECT name FROM product WHERE price > (SELECT avg(price) FROM product)", r"price >= \("),
    ],
)
def test_what_makes_no_difference_is_left_out(schema: Schema, sql: str, same: str) -> None:
    found = [mutant.sql for mutant in mutants(sql, schema)]
    assert found
    assert [mutant for mutant in found if re.search(same, mutant)] == []


def test_the_order_of_all_rows_counts_where_it_is_asked_for(schema: Schema) -> None:
    sql = "SELECT name FROM product ORDER BY price"
    assert "order" in {mutant.kind for mutant in mutants(sql, schema, ordered=True)}


def test_mutants_are_distinct_bounded_and_always_the_same(schema: Schema) -> None:
    wide = " AND ".join(f"price > {bound}" for bound in range(40))
    for sql in (JOINED, f"SELECT name FROM product WHERE {wide}"):
        found = [mutant.sql for mutant in mutants(sql, schema)]
        assert len(found) == len(set(found)) <= MOST
        assert sqlglot.parse_one(sql, read="sqlite").sql("sqlite") not in found
        assert found == [mutant.sql for mutant in mutants(sql, schema)]
    assert len(found) == MOST


def test_what_does_not_parse_is_refused(schema: Schema) -> None:
    with pytest.raises(sqlglot.errors.SqlglotError):
        list(mutants("SELECT FROM WHERE", schema))
