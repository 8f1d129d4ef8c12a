"""Single-edit mutants: which there are, and which are left out because nobody could tell them apart."""

from __future__ import annotations

import re

import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from sqldojo.service.core.schema import Schema
from sqldojo.service.sandbox.clock import open_frozen
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
# Reviews may have no customer, payments always have an order.
REVIEWED = "SELECT count(*) FROM review AS r JOIN customer AS c ON c.customer_id = r.customer_id"
PAID = "SELECT count(*) FROM payment AS p JOIN orders AS o ON o.order_id = p.order_id"
LINES = "FROM order_line AS l JOIN product AS p ON p.product_id = l.product_id"


@pytest.mark.parametrize(
    ("sql", "kind", "expected"),
    [
        ("SELECT sum(price) FROM product", "aggregate", "AVG(price)"),
        ("SELECT sum(price) FROM product", "aggregate", "MAX(price)"),
        ("SELECT sum(price) FROM product", "aggregate", "MIN(price)"),
        ("SELECT sum(price) FROM product", "aggregate", "COUNT(price)"),
        ("SELECT avg(price) FROM product", "aggregate", "SUM(price)"),
        ("SELECT avg(price) FROM product", "aggregate", "MIN(price)"),
        ("SELECT min(price) FROM product", "aggregate", "MAX(price)"),
        ("SELECT max(price) FROM product", "aggregate", "AVG(price)"),
        ("SELECT count(weight_kg) FROM product", "aggregate", "SUM(weight_kg)"),
        (JOINED, "aggregate", "SUM(o.order_id + 1)"),
        ("SELECT sum(price) FROM product", "aggregate of distinct", "SUM(DISTINCT price)"),
        ("SELECT avg(price * 2) FROM product", "aggregate of distinct", "AVG(DISTINCT price * 2)"),
        (f"SELECT sum(p.price) {LINES}", "aggregate of distinct", "SUM(DISTINCT p.price)"),
        ("SELECT count(DISTINCT city) FROM customer", "count distinct", "COUNT(city)"),
        ("SELECT count(city) FROM customer", "count distinct", "COUNT(DISTINCT city)"),
        (f"SELECT count(*) {LINES}", "count distinct", "COUNT(DISTINCT p.product_id)"),
        ("SELECT count(weight_kg) FROM product", "count of rows", "COUNT(*)"),
        ("SELECT count(DISTINCT phone) FROM customer", "count of rows", "COUNT(*)"),
        ("SELECT count(*) FROM product GROUP BY weight_kg", "count of values", "COUNT(weight_kg)"),
        ("SELECT name FROM product WHERE price > 5", "filter dropped", "SELECT name FROM product"),
        ("SELECT name FROM product WHERE price > 5 AND weight_kg > 1", "filter dropped", "WHERE price > 5"),
        ("SELECT city FROM customer GROUP BY city HAVING count(*) > 1", "having dropped", "GROUP BY city"),
        ("SELECT name FROM product WHERE price > 5 OR weight_kg > 1", "branch dropped", "E weight_kg > 1"),
        ("SELECT name FROM product WHERE price IN (5, 6, 7)", "choice dropped", "price IN (5, 7)"),
        ("SELECT name FROM product WHERE price > 5", "comparison", "price >= 5"),
        ("SELECT name FROM product WHERE price BETWEEN 5 AND 9", "bound", "price > 5 AND price <= 9"),
        ("SELECT name FROM product WHERE price > 5", "number", "price > 6"),
        ("SELECT name FROM product WHERE price >= 5", "number", "price >= 4"),
        ("SELECT name FROM product WHERE price < 5", "number", "price < 4"),
        ("SELECT name FROM product WHERE price <= 5", "number", "price <= 6"),
        ("SELECT name FROM product WHERE 5 < price", "number", "6 < price"),
        ("SELECT name FROM product WHERE price > 9.95", "number", "price > 10.95"),
        ("SELECT name FROM product WHERE price = 5", "number", "price = 4"),
        ("SELECT name FROM product WHERE price <> 0", "number", "price <> -1"),
        ("SELECT name FROM product WHERE price > -1", "number", "price > 0"),
        ("SELECT name FROM product WHERE price BETWEEN 5 AND 9", "number", "BETWEEN 5 AND 10"),
        ("SELECT city FROM customer GROUP BY city HAVING count(*) >= 3", "number", "COUNT(*) >= 2"),
        ("SELECT substr(ordered_on, 1, 7) FROM orders", "number", "SUBSTRING(ordered_on, 1, 6)"),
        ("SELECT name FROM product WHERE weight_kg IS NULL", "negation", "NOT weight_kg IS NULL"),
        ("SELECT name FROM product WHERE price > 5 AND weight_kg > 1", "connector", "OR"),
        (f"SELECT l.line_no {LINES}", "join key", 'p.product_id = l."order_id"'),
        (
            f"SELECT l.line_no {LINES} AND p.price > l.unit_price",
            "join condition dropped",
            "ON p.product_id = l.product_id",
        ),
        (REVIEWED, "join dropped", "SELECT COUNT(*) FROM review AS r"),
        (f"SELECT sum(o.order_id) FROM orders AS o {'JOIN payment AS p ON p.order_id = o.order_id'}",
         "join dropped", "FROM orders AS o"),
        (REVIEWED, "left join", "LEFT JOIN customer"),
        (REVIEWED.replace("JOIN", "INNER JOIN"), "left join", "LEFT JOIN customer"),
        (f"{REVIEWED} WHERE c.phone IS NULL", "left join", "LEFT JOIN customer"),
        (f"{REVIEWED} WHERE c.city = 'Oslo' OR r.rating > 3", "left join", "LEFT JOIN customer"),
        (f"{REVIEWED} GROUP BY c.city", "left join", "LEFT JOIN customer"),
        (f"{PAID} AND o.status = 'open'", "left join", "LEFT JOIN orders"),
        (REVIEWED.replace("JOIN", "LEFT JOIN").replace("count(*)", "c.city"), "inner join", "AS r JOIN"),
        (JOINED, "grouping", "GROUP BY c.city"),
        ("SELECT city, count(*) FROM customer GROUP BY city", "grouping", "COUNT(*) FROM customer"),
        ("SELECT DISTINCT city FROM customer", "distinct", "SELECT city FROM customer"),
        ("SELECT name FROM product ORDER BY price LIMIT 3", "order", "ORDER BY price DESC"),
        ("SELECT name FROM product ORDER BY price LIMIT 3", "limit", "LIMIT 4"),
        ("SELECT city FROM customer UNION SELECT name FROM product", "set operation", "INTERSECT"),
        ("SELECT city FROM customer UNION SELECT name FROM product", "union all", "UNION ALL"),
        ("SELECT name FROM product", "column", 'SELECT "sku" FROM product'),
        ("SELECT coalesce(weight_kg, 0) FROM product", "coalesce dropped", "SELECT weight_kg FROM product"),
        ("SELECT price + weight_kg FROM product", "arithmetic", "price - weight_kg"),
        ("SELECT strftime('%Y', ordered_on) FROM orders", "date part", "'%m'"),
        (
            "SELECT rank() OVER (PARTITION BY category_id ORDER BY price) FROM product",
            "partition dropped",
            "OVER (ORDER BY price)",
        ),
        (
            "SELECT rank() OVER (PARTITION BY category_id ORDER BY price) FROM product",
            "window order",
            "ORDER BY price DESC",
        ),
    ],
)  # fmt: skip
def test_one_decision_is_taken_otherwise(schema: Schema, sql: str, kind: str, expected: str) -> None:
    found = [mutant.sql for mutant in mutants(sql, schema) if mutant.kind == kind]
    assert any(expected in each for each in found), [*mutants(sql, schema)]


@pytest.mark.parametrize(
    ("sql", "kind", "whole"),
    [
        ("SELECT name FROM product WHERE price > 5", "filter dropped", "SELECT name FROM product"),
        (
            f"{REVIEWED} WHERE r.rating > 3",
            "join dropped",
            "SELECT COUNT(*) FROM review AS r WHERE r.rating > 3",
        ),
        (
            "SELECT city, count(*) FROM customer GROUP BY city HAVING count(*) > 1",
            "having dropped",
            "SELECT city, COUNT(*) FROM customer GROUP BY city",
        ),
    ],
)
def test_what_is_dropped_is_gone(schema: Schema, sql: str, kind: str, whole: str) -> None:
    assert whole in [mutant.sql for mutant in mutants(sql, schema) if mutant.kind == kind]


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
        (
            "SELECT name FROM product WHERE price = (SELECT price FROM product ORDER BY name LIMIT 1)",
            "LIMIT 2",
        ),
        (
            "SELECT substr(sku, 1, 2), count(*) FROM product GROUP BY substr(sku, 1, 2)",
            r"BY SUBSTRING\(sku, 2",
        ),
        ("SELECT price > min(price, weight_kg) FROM product", r"MAX\("),
        ("SELECT sum(price) OVER (ORDER BY name) FROM product", r"DISTINCT"),
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


CELLS = st.sampled_from(
    ("p.price", "p.weight_kg", "p.name", "s.rating", "s.supplier_id", "p.price - s.rating")
)
NUMBERS = st.sampled_from(("0", "1", "-3", "2.5", "19.90", "1e3"))
CONDITIONS = st.recursive(
    st.one_of(
        st.builds("{} {} {}".format, CELLS, st.sampled_from(("<", "<=", ">", ">=", "=", "<>")), NUMBERS),
        st.builds("{} BETWEEN {} AND {}".format, CELLS, NUMBERS, NUMBERS),
        st.builds("{} IN ({})".format, CELLS, st.lists(NUMBERS, min_size=1, max_size=4).map(", ".join)),
        st.builds("{} IS {}NULL".format, CELLS, st.sampled_from(("", "NOT "))),
        st.builds("substr({}, 1, 2) LIKE 'a%'".format, CELLS),
        st.builds("{} > (SELECT avg(price) FROM product LIMIT 1)".format, CELLS),
    ),
    lambda inner: st.one_of(
        st.builds("({} AND {})".format, inner, inner),
        st.builds("({} OR {})".format, inner, inner),
        st.builds("NOT {}".format, inner),
    ),
    max_leaves=4,
)
TOTALS = st.one_of(
    st.just("count(*)"),
    st.builds("{}({})".format, st.sampled_from(("sum", "avg", "min", "max", "count")), CELLS),
    st.builds("count(DISTINCT {})".format, CELLS),
    st.builds("sum(CASE WHEN {} THEN 1 ELSE 0 END)".format, CONDITIONS),
)
STATEMENTS = st.builds(
    "SELECT {}, {} FROM product AS p {} JOIN supplier AS s ON s.supplier_id = p.supplier_id{}"
    " WHERE {} GROUP BY {} HAVING {} > {} ORDER BY 1{}".format,
    CELLS,
    TOTALS,
    st.sampled_from(("", "INNER", "LEFT")),
    st.one_of(st.just(""), st.builds(" AND {}".format, CONDITIONS)),
    CONDITIONS,
    st.lists(CELLS, min_size=1, max_size=2).map(", ".join),
    TOTALS,
    NUMBERS,
    st.sampled_from(("", " DESC", " LIMIT 1", " DESC LIMIT 3 OFFSET 1")),
)


@settings(deadline=None, max_examples=60)
@given(STATEMENTS)
def test_each_mutant_is_another_statement_that_runs(shop: BankDatabase, schema: Schema, sql: str) -> None:
    connection = open_frozen()
    connection.deserialize("main", shop.images[0])
    written = sqlglot.parse_one(sql, read="sqlite").sql("sqlite")
    connection.execute(f"EXPLAIN {written}")
    found = [mutant.sql for mutant in mutants(sql, schema)]
    assert len(found) >= 10
    assert len({written, *found}) == len(found) + 1
    for mutant in found:
        assert sqlglot.parse_one(mutant, read="sqlite").sql("sqlite") == mutant
        connection.execute(f"EXPLAIN {mutant}")
    connection.close()


def test_what_does_not_parse_is_refused(schema: Schema) -> None:
    with pytest.raises(sqlglot.errors.SqlglotError):
        list(mutants("SELECT FROM WHERE", schema))


def test_comments_make_no_difference(schema: Schema) -> None:
    plain = "WITH o AS (SELECT status FROM orders) SELECT count(*) FROM o WHERE status = 'delivered'"
    commented = plain.replace("count(*)", "/* all */ count(*)").replace("WITH", "-- orders\nWITH")
    assert list(mutants(commented, schema)) == list(mutants(plain, schema))


def test_a_statement_gives_the_same_mutants_again(schema: Schema) -> None:
    assert list(mutants(JOINED, schema)) == list(mutants(JOINED, schema))
