"""The reviewer's findings, kind by kind, and its promise never to raise."""

from __future__ import annotations

import sys
from collections import Counter

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sqldojo.service.core.review import FindingKind, Review, Severity, Verdict
from sqldojo.service.core.schema import READ_ALL, Permissions, Schema, Table, TableColumn
from sqldojo.service.core.sql_dialect import REFUSED_FUNCTIONS, SQLITE_FUNCTIONS
from sqldojo.service.core.sql_parsing import MAX_BYTES, MAX_NESTING, MAX_TOKENS
from sqldojo.service.core.sql_reviewer import SqlReviewer
from sqldojo.service.sandbox.functions import ALLOWED, TABLE_FUNCTIONS


def table(name: str, rows: int, *columns: str, is_view: bool = False) -> Table:
    """Makes a table of columns written "name", "name pk" or "name > table.column"."""
    made: list[TableColumn] = []
    for column in columns:
        column_name, _, target = column.partition(" > ")
        key = 0
        if column_name.endswith(" pk"):
            column_name, key = (
                column_name.removesuffix(" pk"),
                1 + sum(c.primary_key_position > 0 for c in made),
            )
        made.append(TableColumn(column_name, "", primary_key_position=key, references=target))
    return Table(name, tuple(made), rows, is_view)


SCHEMA = Schema(
    (
        table("Regions", 5, "id pk", "name"),
        table("customers", 2_000, "id pk", "name", "balance", "region_id > Regions.id"),
        table("orders", 5_000, "id pk", "customer_id > customers.id", "total", "placed_on"),
        table(
            "order_items", 20_000, "order_id pk > orders.id", "line_no pk", "product_id > products.id", "qty"
        ),
        table("payments", 4_000, "id pk", "order_id > orders.id", "amount"),
        table("products", 300, "id pk", "title", "price"),
        table("salaries", 50, "id pk", "customer_id > customers.id", "pay"),
        table("notes", 40, "customer_id", "body"),  # no key at all
        table("odd names", 10, "id pk", "the value"),
        table("big_spenders", 10, "id", "name", is_view=True),
    )
)
SCHEMA_WITHOUT_ROWS = Schema(tuple(Table(t.name, t.columns, 0, t.is_view) for t in SCHEMA.tables))


def review(sql: str, permissions: Permissions = READ_ALL) -> Review:
    return SqlReviewer().review(sql, SCHEMA, permissions)


def kinds(sql: str, permissions: Permissions = READ_ALL) -> set[str]:
    return {finding.kind.name for finding in review(sql, permissions).findings}


def found(sql: str, kind: FindingKind, permissions: Permissions = READ_ALL) -> list[tuple[Severity, str]]:
    return [(f.severity, f.where) for f in review(sql, permissions).findings if f.kind is kind]


WRITES = Permissions(writable=frozenset({"orders"}))
DENIES = Permissions(denied=frozenset({"salaries"}))


# ---- nothing to object to ----


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT name FROM customers",
        "select NAME from CUSTOMERS where REGION_ID = 1;",
        'SELECT "name", [balance], `id` FROM "customers"',
        "SELECT c.name AS who FROM customers AS c ORDER BY who",
        "SELECT name AS n, COUNT(*) AS k FROM customers GROUP BY n HAVING k > 1 ORDER BY k DESC LIMIT 3",
        "SELECT name FROM main.customers",
        "SELECT rowid, name FROM customers",
        'SELECT "the value" FROM "odd names"',
        "SELECT name FROM big_spenders",
        "WITH rich AS (SELECT id, name FROM customers WHERE balance > 9) SELECT name FROM rich",
        "WITH b AS (SELECT x FROM a), a AS (SELECT id AS x FROM products) SELECT x FROM b",
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 5) SELECT x FROM n",
        "WITH customers AS (SELECT 1 AS only) SELECT only FROM customers",
        "SELECT name FROM customers c WHERE EXISTS (SELECT * FROM orders o WHERE o.customer_id = c.id)",
        "SELECT name, (SELECT MAX(total) FROM orders WHERE customer_id = customers.id) FROM customers",
        "SELECT name FROM customers WHERE id IN (SELECT customer_id FROM orders WHERE total > balance)",
        "SELECT s.n FROM (SELECT COUNT(*) AS n FROM orders) AS s",
        "SELECT name FROM customers UNION SELECT title FROM products ORDER BY name LIMIT 5",
        "SELECT id AS x FROM customers EXCEPT SELECT id FROM orders ORDER BY 1",
        "SELECT c.id FROM customers c UNION SELECT o.id FROM orders o ORDER BY c.id",
        "SELECT o.id FROM customers c JOIN orders o ON o.customer_id = c.id",
        "SELECT o.id FROM customers c, orders o WHERE o.customer_id = c.id",
        "SELECT o.id FROM (customers c JOIN orders o ON o.customer_id = c.id)",
        "SELECT ((id)) FROM ((customers))",
        "SELECT p.amount FROM payments p JOIN order_items USING (order_id)",
        "SELECT amount FROM payments NATURAL JOIN order_items",
        "SELECT x.value FROM json_each('[1, 2]') AS x",
        "SELECT o.id FROM customers c LEFT JOIN orders o ON c.id = o.customer_id AND o.total > 5",
        "SELECT SUM(total) OVER (PARTITION BY customer_id ORDER BY id) AS running FROM orders WHERE id < 9",
        "SELECT SUM(total) OVER w AS running FROM orders WHERE id < 9 WINDOW w AS (ORDER BY id)",
        "SELECT name FROM sqlite_master",
        "EXPLAIN QUERY PLAN SELECT name FROM customers",
        "VALUES (1, 'a')",
        "SELECT strftime('%Y', placed_on), iif(id > 1, 'a', 'b'), ifnull(id, 0) FROM orders WHERE id = 9",
        "SELECT COUNT(*) FROM orders LIMIT 1",
        "SELECT CAST(id AS unsigned big int), CAST(id AS native character(70)) FROM orders WHERE id = 1",
        "SELECT CAST(id AS varying character(255)), CAST(id AS decimal(10, 5)) FROM orders WHERE id = 1",
        "SELECT CAST(id AS 'a' \"b\" [c]), CAST(id AS ) FROM orders WHERE id = 1",
        "SELECT iif(0, 1, 1, 2, 3), iif(0, 1, 1, 2), iif(0, 1), if(0, 1, 1, 2, 3), if(0, 1, 1, 2), if(0, 1)",
        "SELECT if FROM (SELECT 1 AS if)",
        "SELECT jsonb_extract('{}', '$.a', '$.b')",
        "SELECT 1 /* open",
        "SELECT 1 /* it's open",
        "\ufeffSELECT 1",
        "SELECT 1;\ufeff",
        "SELECT \ufeff name FROM \ufeffcustomers",
    ],
)
def test_sound_statements_are_approved(sql: str) -> None:
    assert review(sql).findings == ()
    assert review(sql).verdict is Verdict.APPROVED


# ---- what cannot be run ----


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        ("", ""),
        (" ; -- nothing", ""),
        ("SELECT FROM WHERE", "WHERE"),
        ("SELECT name FROM customers WHERE (id = 1", "1"),
        ("SELECT 'open FROM customers", ""),
        ("the answer is 42", ""),
        ("sqlite> SELECT 1", ""),
        ("SELECT a b c FROM t", "c FROM t"),
        ("SELECT 1\0", ""),
        ("SELECT 1 /* closed */ 'open", ""),
        ("SELECT FROM customers", "SELECT"),
        ("SELECT DISTINCT FROM customers", "SELECT"),
        ("SELECT name,, id FROM customers", ","),
        ("SELECT name, FROM customers", ","),
        ("SELECT name FROM customers WHERE id IN (1, )", ","),
        ("SELECT name FROM customers GROUP BY", "GROUP BY"),
        ("SELECT id FROM (SELECT id FROM customers GROUP BY)", "GROUP BY"),
        ("SELECT SUM(id) OVER (PARTITION BY) FROM customers", "PARTITION BY"),
        ("SELECT ?", "?"),
        ("SELECT ?1", "?"),
        ("SELECT @x := 1", "@"),
        ("SELECT name FROM customers WHERE id = :id", ":"),
        ("SELECT name FROM customers WHERE id = $id", "$id"),
        ("SELECT CAST(id AS int(max + )) FROM customers", "+ )) FROM customers"),
    ],
)
def test_syntax(sql: str, where: str) -> None:
    assert found(sql, FindingKind.SYNTAX) == [(Severity.ERROR, where)]
    assert review(sql).verdict is Verdict.REJECTED
    assert review(sql).schema_share < 1.0


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT '" + "x" * MAX_BYTES + "'",
        "SELECT '" + "é" * (MAX_BYTES // 2) + "'",
        "SELECT " + "1," * (MAX_TOKENS // 2) + "1",
        "SELECT " + "(" * (MAX_NESTING + 1) + "1" + ")" * (MAX_NESTING + 1),
        "SELECT " + "NOT " * (MAX_NESTING + 1) + "1",
        "SELECT " + "CASE WHEN 1 THEN " * 30 + "1" + " END" * 30,
        "SELECT 1 FROM customers" + " JOIN customers" * 400,
        "(" * MAX_BYTES,
        ";" * (MAX_TOKENS + 1),
    ],
    ids=lambda sql: sql[:20],
)
def test_too_much_sql_is_a_syntax_finding(sql: str) -> None:
    result = review(sql)
    assert [f.kind for f in result.findings if f.severity is Severity.ERROR] == [FindingKind.SYNTAX]
    assert result.schema_share < 1.0


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT 1 FROM customers" + " JOIN customers" * 12, FindingKind.CROSS_JOIN),
        ("SELECT 1 FROM customers" + " JOIN customers" * 60, FindingKind.CROSS_JOIN),
        ("SELECT 1 FROM customers" + " LEFT JOIN customers" * 60, FindingKind.CROSS_JOIN),
        ("SELECT " + "date(" * 18 + "1" + ")" * 18, None),
        ("SELECT " + "struct(" * 18 + "1" + ")" * 18, FindingKind.DIALECT),
        ("SELECT " + "CASE WHEN date(1) THEN " * 18 + "1" + " END" * 18, None),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_a_parser_may_read_again_and_again_is_read(sql: str, kind: FindingKind | None) -> None:
    """Without bounds of its own the parser takes twice as long for each level."""
    assert {finding.kind for finding in review(sql).findings} == ({kind} if kind else set())


@pytest.mark.parametrize("name", sorted(name for name in ALLOWED if name.isidentifier()))
def test_what_sqlite_calls_with_several_arguments_is_read(name: str) -> None:
    for count in range(2, 7):
        sql = f"SELECT {name}({', '.join('123456'[:count])})"
        try:
            apsw.Connection(":memory:").execute(f"EXPLAIN {sql}")
        except apsw.SQLError:
            continue
        # SQLite itself looks at the pairs of json_object() only when it makes one.
        assert review(sql).findings == () or name == "json_object", sql


def test_a_condition_for_two_joins_is_no_sql() -> None:
    sql = "SELECT 1 FROM Regions r JOIN customers c JOIN orders o ON o.customer_id = c.id ON r.id = region_id"
    assert [f.kind for f in review(sql).findings] == [FindingKind.SYNTAX]
    with pytest.raises(apsw.SQLError, match='near "ON"'):
        REAL.execute(sql)


def test_twice_as_many_joins_take_about_twice_the_work() -> None:
    def calls(count: int) -> int:
        joins = "".join(f" JOIN orders o{n} ON o{n}.id = o{n - 1}.id" for n in range(1, count))
        made = Counter[str]()
        sys.setprofile(lambda _frame, event, _argument: made.update([event]))
        try:
            review(f"SELECT COUNT(*) FROM orders o0{joins}")
        finally:
            sys.setprofile(None)
        return made.total()

    assert calls(62) < 3 * calls(31)


def test_nesting_up_to_the_limit_is_read() -> None:
    for opening, closing in (("(", ")"), ("abs(", ")"), ("(SELECT ", ")"), ("CASE WHEN 1 THEN ", " END")):
        sql = "SELECT " + opening * (MAX_NESTING - 1) + "1" + closing * (MAX_NESTING - 1)
        assert "SYNTAX" not in kinds(sql), opening


def test_multiple_statements() -> None:
    sql = "SELECT name FROM customers; DROP TABLE customers"
    assert found(sql, FindingKind.MULTIPLE_STATEMENTS) == [(Severity.ERROR, "DROP TABLE customers")]
    assert found(sql, FindingKind.DDL) == [(Severity.ERROR, "DROP TABLE customers")]
    assert "MULTIPLE_STATEMENTS" not in kinds("SELECT ';' FROM customers; ;")


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO customers (id) VALUES (1)",
        "REPLACE INTO customers (id) VALUES (1)",
        "UPDATE customers SET name = 'x'",
        "DELETE FROM Customers",
        "WITH x AS (SELECT 1) DELETE FROM customers",
    ],
)
def test_write(sql: str) -> None:
    for permissions in (READ_ALL, WRITES):
        (finding,) = found(sql, FindingKind.WRITE, permissions)
        assert finding[0] is Severity.ERROR
        assert finding[1].casefold() == "customers"
        assert review(sql, permissions).verdict is Verdict.REJECTED
        assert review(sql, permissions).schema_share < 1.0


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO orders (id, total) VALUES (1, 2)",
        "INSERT INTO ORDERS (id) SELECT id FROM customers",
        "INSERT OR REPLACE INTO orders (id) VALUES (1)",
        "REPLACE INTO orders (id) VALUES (1)",
        "INSERT INTO orders (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET total = excluded.total",
        "INSERT INTO orders (id) VALUES (1) RETURNING id, total",
        "UPDATE orders SET total = (SELECT SUM(amount) FROM payments WHERE order_id = 9) WHERE id = 5",
        "UPDATE OR IGNORE orders SET total = 0 WHERE total IS NULL",
        "UPDATE orders AS o SET total = p.amount FROM payments AS p WHERE p.order_id = o.id",
        "WITH old AS (SELECT id FROM orders) DELETE FROM orders WHERE id IN (SELECT id FROM old)",
    ],
)
def test_permitted_write(sql: str) -> None:
    assert review(sql, WRITES).findings == ()
    assert review(sql, WRITES).schema_share == 1.0
    assert "WRITE" in kinds(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE t (a)",
        "CREATE TRIGGER t AFTER INSERT ON orders BEGIN SELECT 1; END",
        "DROP TABLE orders",
        "ALTER TABLE orders ADD COLUMN x",
        "PRAGMA table_info(orders)",
        "SELECT name FROM pragma_table_info('orders')",
        "ATTACH 'x.db' AS x",
        "DETACH x",
        "VACUUM",
        "REINDEX",
        "ANALYZE",
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "SAVEPOINT s",
        "RELEASE s",
        "EXPLAIN SELECT 1",
        "TRUNCATE TABLE orders",
    ],
)
def test_ddl(sql: str) -> None:
    assert {severity for severity, _ in found(sql, FindingKind.DDL, WRITES)} == {Severity.ERROR}
    assert review(sql, WRITES).schema_share < 1.0


def test_denied_table() -> None:
    for sql in (
        "SELECT pay FROM salaries",
        "SELECT name FROM customers WHERE id IN (SELECT id FROM SALARIES)",
    ):
        (finding,) = found(sql, FindingKind.DENIED_TABLE, DENIES)
        assert finding[0] is Severity.ERROR
        assert kinds(sql) == set()
    assert kinds("SELECT name FROM customers", DENIES) == set()
    assert kinds("WITH salaries AS (SELECT 1 AS x) SELECT x FROM salaries", DENIES) == set()
    assert kinds("SELECT name FROM sqlite_master", DENIES) == {"DENIED_TABLE"}
    assert kinds("SELECT pay FROM \ufeffsalaries", DENIES) == {"DENIED_TABLE"}


def test_denied_table_is_not_described() -> None:
    """Its columns are neither told apart nor suggested."""
    one = review("SELECT pay FROM salaries", DENIES)
    other = review("SELECT wage FROM salaries", DENIES)
    assert one == other
    messages = " ".join(f.message for f in review("SELECT x FROM wages JOIN customers", DENIES).findings)
    assert "salaries" not in messages


# ---- what does not exist ----


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        ("SELECT x FROM customer", "customer"),
        ("SELECT name FROM customers JOIN nowhere ON nowhere.id = customers.id", "nowhere"),
        ("SELECT name FROM other.customers", "other.customers"),
        ("SELECT name FROM customers WHERE id IN (SELECT id FROM nowhere)", "nowhere"),
        ("SELECT name FROM customers WHERE id IN nowhere", "nowhere"),
        ("SELECT value FROM generate_series(1, 5)", "generate_series(1, 5)"),
        ("WITH a AS (SELECT 1) SELECT * FROM b", "b"),
        ("SELECT * FROM (WITH a AS (SELECT 1 AS x) SELECT x FROM a) JOIN a", "a"),
    ],
)
def test_unknown_table(sql: str, where: str) -> None:
    assert found(sql, FindingKind.UNKNOWN_TABLE) == [(Severity.WARNING, where)]
    assert "UNKNOWN_COLUMN" not in kinds(sql), "the columns of an unknown table are not known either"


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        ("SELECT nam FROM customers", "nam"),
        ("SELECT c.nam FROM customers c", "c.nam"),
        ("SELECT customers.name FROM customers c", "customers.name"),
        ("SELECT x.name FROM customers c", "x.name"),
        ("SELECT x.* FROM customers c", "x.*"),
        ("SELECT name FROM customers WHERE title = 'a'", "title"),
        ("SELECT name FROM customers ORDER BY title", "title"),
        ("SELECT name AS n, n || 'x' AS m FROM customers", "n"),
        ("SELECT s.total FROM (SELECT id FROM orders) AS s", "s.total"),
        ("WITH s AS (SELECT id FROM orders) SELECT total FROM s", "total"),
        ("WITH s(a) AS (SELECT id FROM orders) SELECT id FROM s", "id"),
        ("SELECT id FROM orders WHERE EXISTS (SELECT 1 FROM payments WHERE body = 'x')", "body"),
        ("SELECT id FROM orders UNION SELECT id FROM payments ORDER BY amount", "amount"),
        ("SELECT amount FROM payments JOIN orders USING (order_id)", "order_id"),
        ('SELECT name FROM customers WHERE name = "Ann"', '"Ann"'),
        ("SELECT rowid FROM big_spenders", "rowid"),
        ("SELECT nam", "nam"),
    ],
)
def test_unknown_column(sql: str, where: str) -> None:
    assert found(sql, FindingKind.UNKNOWN_COLUMN) == [(Severity.WARNING, where)]
    assert review(sql).verdict is Verdict.FLAGGED


def test_unknown_names_get_a_suggestion() -> None:
    messages = [f.message for f in review("SELECT nmae FROM custmers JOIN products ON tilte = 1").findings]
    assert "There is no table custmers; did you mean customers." in messages
    (message,) = [f.message for f in review("SELECT tilte FROM products").findings]
    assert message == "products has no column tilte; did you mean title."
    (message,) = [f.message for f in review("SELECT xyz FROM products").findings]
    assert message == "products has no column xyz; there is id, title, price."


# ---- joins ----


@pytest.mark.parametrize(
    ("sql", "severity", "where"),
    [
        ("SELECT c.id FROM customers c, orders o", Severity.ERROR, "o"),
        ("SELECT c.id FROM customers c CROSS JOIN orders o", Severity.ERROR, "o"),
        ("SELECT c.id FROM customers c JOIN orders o ON 1 = 1", Severity.ERROR, "o"),
        ("SELECT c.id FROM customers c JOIN orders o ON o.total > 5", Severity.WARNING, "o"),
        ("SELECT c.id FROM customers c JOIN orders o ON o.customer_id = o.id", Severity.WARNING, "o"),
        ("SELECT c.id FROM customers c, Regions r", Severity.WARNING, "r"),
        (
            "SELECT c.id FROM customers c, orders o, products p WHERE o.customer_id = c.id",
            Severity.ERROR,
            "p",
        ),
        ("SELECT id FROM Regions WHERE EXISTS (SELECT 1 FROM customers c, Regions r)", Severity.WARNING, "r"),
        ("SELECT a.id FROM customers a JOIN (SELECT id FROM orders LIMIT 100) b", Severity.WARNING, "b"),
        ("SELECT a.id FROM customers a NATURAL JOIN notes", Severity.WARNING, "notes"),
        ("SELECT a.id FROM customers a NATURAL JOIN orders", None, ""),
        ("SELECT b.body FROM Regions a NATURAL JOIN notes b", Severity.WARNING, "b"),
        (
            "SELECT c.id FROM customers c, orders o WHERE o.customer_id = c.id OR o.total = c.balance",
            None,
            "",
        ),
        ("SELECT c.id FROM customers c, orders o WHERE (o.total > 1 AND (o.customer_id = c.id))", None, ""),
        ("SELECT c.id FROM customers c, (SELECT AVG(balance) AS m FROM customers) a", None, ""),
        ("SELECT c.id FROM customers c, orders o WHERE o.id = 7", None, ""),
        ("SELECT c.id FROM customers c, orders o WHERE c.id < o.total", None, ""),
        (
            "SELECT r.id FROM Regions r WHERE EXISTS"
            " (SELECT 1 FROM customers c, orders o WHERE c.region_id = r.id AND o.total = r.id)",
            None,
            "",
        ),
        (
            "SELECT a.id FROM customers a, orders b WHERE EXISTS"
            " (SELECT 1 FROM payments p WHERE p.order_id = b.id AND p.amount = a.balance)",
            None,
            "",
        ),
        ("SELECT c.id FROM customers c, json_each('[1]') j", None, ""),
        ("SELECT x.a FROM nowhere x JOIN nowhere2 y ON a = b", None, ""),
        # all rows of whole tables
        ("SELECT a.id FROM (SELECT id FROM customers) a, (SELECT id FROM orders) b", Severity.ERROR, "b"),
        ("WITH a(x) AS (SELECT id FROM orders) SELECT a.x FROM a, customers", Severity.ERROR, "customers"),
        (
            "SELECT c.id FROM (SELECT id AS customer_id FROM customers) c LEFT JOIN orders o"
            " USING (customer_id), products",
            Severity.ERROR,
            "products",
        ),
        ("SELECT c.id FROM customers c LEFT JOIN orders o ON 1 LIMIT -1", Severity.ERROR, "o"),
        ("SELECT c.id FROM customers c, orders, Regions r WHERE r.name > 'b'", Severity.ERROR, "orders"),
        # fewer rows than those of the tables
        (
            "WITH a AS (SELECT DISTINCT region_id FROM customers), b AS (SELECT DISTINCT total FROM orders)"
            " SELECT region_id, total FROM a CROSS JOIN b",
            Severity.WARNING,
            "b",
        ),
        (
            "SELECT a.x, b.y FROM (SELECT name AS x FROM customers GROUP BY name) a,"
            " (SELECT placed_on AS y FROM orders GROUP BY y) b",
            Severity.WARNING,
            "b",
        ),
        (
            "SELECT a.id FROM (SELECT id FROM customers WHERE id < 5) a,"
            " (SELECT id FROM orders WHERE id < 5) b",
            Severity.WARNING,
            "b",
        ),
        (
            "SELECT c.id FROM customers c, orders o WHERE c.id IN (1, 2) AND o.id IN (1, 2)",
            Severity.WARNING,
            "o",
        ),
        ("SELECT c.id FROM customers c, orders o WHERE EXISTS (SELECT 1)", Severity.WARNING, "o"),
        (
            "SELECT c.id FROM customers c JOIN orders o ON o.total = c.balance, products p",
            Severity.WARNING,
            "p",
        ),
        ("SELECT o.id FROM orders o JOIN payments p USING (id), products", Severity.WARNING, "products"),
        (
            "SELECT c.id FROM customers c, orders o, (SELECT MAX(id) AS m FROM orders) x WHERE o.id < x.m",
            Severity.WARNING,
            "o",
        ),
        # one row
        ("SELECT i.qty FROM (SELECT rowid FROM orders WHERE rowid = 5) o, order_items i", None, ""),
        ("WITH o AS (SELECT total FROM orders WHERE id = 5) SELECT i.qty FROM o, order_items i", None, ""),
        (
            "SELECT i.qty FROM (SELECT c.name FROM customers c JOIN orders o ON o.customer_id = c.id"
            " WHERE o.id = 5) x, order_items i",
            None,
            "",
        ),
        ("SELECT i.qty FROM (SELECT total FROM orders LIMIT 1) o, order_items i", None, ""),
        ("SELECT c.id FROM customers c, orders o WHERE (o.id) = (7)", None, ""),
        (
            "WITH a AS (SELECT 1 AS x), b AS (SELECT x + 1 AS y FROM a) SELECT x, y FROM a, b, orders",
            None,
            "",
        ),
        ("WITH a(x) AS (SELECT MAX(id) FROM orders) SELECT x FROM a, order_items", None, ""),
        (
            "SELECT c.id FROM customers c, (SELECT MAX(id) AS m FROM orders) x JOIN orders o ON o.id = x.m",
            None,
            "",
        ),
        *(
            (f"WITH a AS (SELECT {call} AS x FROM orders) SELECT x FROM a, order_items", None, "")
            for call in (
                *("percentile(total, 90)", "percentile_cont(total, 0.9)", "percentile_disc(total, 0.9)"),
                *("median(total)", "total(total)", "json_group_array(id)", "json_group_object(id, total)"),
                *("string_agg(id, ',')", "COUNT(*) FILTER (WHERE total > 5)"),
            )
        ),
        ("SELECT i.qty FROM (SELECT MAX(id, 5) FROM orders) o, order_items i", Severity.ERROR, "i"),
        ("WITH a(x) AS (VALUES (1), (2)) SELECT x FROM a, orders", Severity.WARNING, "orders"),
        # conditions that all or most pairs meet
        ("SELECT c.id FROM customers c JOIN orders o ON o.customer_id = c.id OR 1 = 1", Severity.ERROR, "o"),
        ("SELECT c.id FROM customers c JOIN orders o ON (TRUE OR o.customer_id = c.id)", Severity.ERROR, "o"),
        ("SELECT c.id FROM customers c JOIN orders o ON o.customer_id <> c.id", Severity.ERROR, "o"),
        ("SELECT c.id FROM customers c JOIN orders o ON 0", Severity.WARNING, "o"),
        ("SELECT c.id FROM customers c JOIN orders o ON 1 = 0", Severity.WARNING, "o"),
        (
            "SELECT a.id FROM customers a, customers b WHERE a.region_id = b.region_id AND a.id <> b.id",
            None,
            "",
        ),
    ],
)
def test_cross_join(sql: str, severity: Severity | None, where: str) -> None:
    assert found(sql, FindingKind.CROSS_JOIN) == ([(severity, where)] if severity else [])


def test_cross_join_is_grave_beyond_a_million_rows() -> None:
    sizes = {500: Severity.WARNING, 501: Severity.ERROR}
    for size, severity in sizes.items():
        schema = Schema((table("a", 2_000, "x"), table("b", size, "y")))
        (finding,) = SqlReviewer().review("SELECT x FROM a, b", schema, READ_ALL).findings
        assert finding.severity is severity


def test_cross_join_tells_the_rows_that_are_known() -> None:
    for sql, joined in (
        ("SELECT c.id FROM customers c, orders", "orders (at least 10,000,000 rows)"),
        ("SELECT c.id FROM customers c, orders WHERE total > 5", "orders (at least 2,000 rows)"),
        ("SELECT c.id FROM customers c, nowhere WHERE c.balance > 5", "nowhere"),
        ("SELECT c.id FROM customers c, (SELECT id FROM orders LIMIT 5) o", "o (at least 2,000 rows)"),
        ("SELECT c.id FROM customers c, orders WHERE EXISTS (SELECT 1)", "orders"),
    ):
        (message,) = [f.message for f in review(sql).findings if f.kind is FindingKind.CROSS_JOIN]
        assert message == f"No condition joins customers (c) and {joined}; join them with ON."


ORDERS = "customers c JOIN orders o ON o.customer_id = c.id"


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        # a parent's column after its children are joined
        (f"SELECT SUM(c.balance) FROM {ORDERS}", "SUM(c.balance)"),
        (f"SELECT c.name, AVG(c.balance + 1) FROM {ORDERS} GROUP BY c.name", "AVG(c.balance + 1)"),
        (f"SELECT COUNT(c.id) FROM {ORDERS}", "COUNT(c.id)"),
        (f"SELECT total(balance) FROM {ORDERS}", "total(balance)"),
        ("SELECT SUM(balance) FROM customers LEFT JOIN orders ON customer_id = customers.id", "SUM(balance)"),
        ("SELECT SUM(balance) FROM customers c, orders o WHERE o.customer_id = c.id", "SUM(balance)"),
        (
            f"SELECT r.name FROM Regions r JOIN {ORDERS} GROUP BY r.id HAVING SUM(c.balance) > 5",
            "SUM(c.balance)",
        ),
        (f"SELECT SUM(c.balance) OVER (PARTITION BY c.region_id) FROM {ORDERS}", "SUM(c.balance)"),
        (f"SELECT SUM(c.balance) FILTER (WHERE o.total > 1 AND c.id > 1) FROM {ORDERS}", "SUM(c.balance)"),
        ("SELECT SUM(amount) FROM payments JOIN order_items USING (order_id)", "SUM(amount)"),
        # two children of one parent
        (
            "SELECT SUM(p.amount) FROM orders o JOIN payments p ON p.order_id = o.id"
            " JOIN order_items i ON i.order_id = o.id",
            "SUM(p.amount)",
        ),
        (
            "SELECT o.id, COUNT(*) FROM orders o JOIN payments p ON p.order_id = o.id"
            " JOIN order_items i ON i.order_id = o.id GROUP BY o.id",
            "COUNT(*)",
        ),
        # through a sub-query that keeps the children apart
        (
            "SELECT SUM(c.balance) FROM customers c JOIN (SELECT customer_id, id FROM orders) o"
            " ON o.customer_id = c.id",
            "SUM(c.balance)",
        ),
        (
            "SELECT (SELECT SUM(balance) FROM customers c JOIN orders o ON o.customer_id = c.id)",
            "SUM(balance)",
        ),
        # through one that keeps no key
        (
            "SELECT SUM(o.total) FROM orders o JOIN (SELECT order_id, qty FROM order_items) i"
            " ON i.order_id = o.id",
            "SUM(o.total)",
        ),
        (
            "WITH i AS (SELECT order_id AS one, qty FROM order_items)"
            " SELECT SUM(o.total) FROM orders o JOIN i ON one = o.id",
            "SUM(o.total)",
        ),
        (
            "WITH i(a, b) AS (SELECT order_id, qty FROM order_items)"
            " SELECT SUM(o.total) FROM orders o JOIN i ON a = o.id",
            "SUM(o.total)",
        ),
        # lists
        (f"SELECT json_group_array(c.id) FROM {ORDERS}", "json_group_array(c.id)"),
        (f"SELECT json_group_object(c.id, c.name) FROM {ORDERS}", "json_group_object(c.id, c.name)"),
        # half of a key
        ("SELECT SUM(o.total) FROM orders o JOIN order_items i ON i.order_id = o.id", "SUM(o.total)"),
    ],
)
def test_fan_out(sql: str, where: str) -> None:
    assert found(sql, FindingKind.FAN_OUT) == [(Severity.WARNING, where)]
    assert review(sql).has(FindingKind.FAN_OUT)


@pytest.mark.parametrize(
    "sql",
    [
        # children, joined to their parents
        f"SELECT c.name, SUM(o.total) FROM {ORDERS} GROUP BY c.id",
        f"SELECT r.name, SUM(o.total) FROM {ORDERS} JOIN Regions r ON r.id = c.region_id GROUP BY r.id",
        "SELECT SUM(i.qty * p.price) FROM order_items i JOIN products p ON p.id = i.product_id",
        "SELECT SUM(i.qty * p.price) FROM orders o JOIN order_items i ON i.order_id = o.id"
        " JOIN products p ON p.id = i.product_id",
        f"SELECT c.name, COUNT(*) FROM {ORDERS} GROUP BY c.id",
        f"SELECT COUNT(o.id), AVG(total) FROM {ORDERS}",
        # what repeated rows do not change
        f"SELECT COUNT(DISTINCT c.id), MAX(c.balance), MIN(c.balance) FROM {ORDERS}",
        f"SELECT SUM(DISTINCT c.balance) FROM {ORDERS}",
        f"SELECT c.id, AVG(c.balance) FROM {ORDERS} GROUP BY c.id",
        f"SELECT o.id, SUM(c.balance) FROM {ORDERS} GROUP BY o.id",
        "SELECT SUM(balance) FROM customers WHERE id IN (SELECT customer_id FROM orders)",
        "SELECT SUM(balance) FROM customers c WHERE EXISTS (SELECT 1 FROM orders WHERE customer_id = c.id)",
        # aggregated before joining
        "SELECT SUM(c.balance) FROM customers c JOIN"
        " (SELECT customer_id, SUM(total) AS s FROM orders GROUP BY customer_id) o ON o.customer_id = c.id",
        "WITH o AS (SELECT customer_id AS who, COUNT(*) AS n FROM orders GROUP BY 1)"
        " SELECT SUM(c.balance), SUM(o.n) FROM customers c LEFT JOIN o ON o.who = c.id",
        "SELECT SUM(c.balance) FROM customers c JOIN (SELECT DISTINCT customer_id FROM orders) o"
        " ON o.customer_id = c.id",
        f"SELECT json_group_array(o.id), json_group_array(DISTINCT c.id) FROM {ORDERS}",
        # the whole key
        "SELECT SUM(o.total) FROM orders o JOIN (SELECT order_id FROM order_items WHERE line_no = 1) i"
        " ON i.order_id = o.id",
        "WITH i(a, b) AS (SELECT customer_id, COUNT(*) FROM orders GROUP BY customer_id)"
        " SELECT SUM(c.balance) FROM customers c JOIN i ON a = c.id",
        "SELECT SUM(o.total) FROM orders o JOIN payments p ON p.order_id = o.id"
        " AND p.id = (SELECT MIN(id) FROM payments q WHERE q.order_id = o.id)",
        "SELECT SUM(o.total) FROM orders o JOIN order_items i ON i.order_id = o.id AND i.line_no = 1",
        "SELECT SUM(balance) FROM customers c JOIN orders o ON o.id = c.region_id",
        # nothing is known of the other side
        "SELECT SUM(balance) FROM customers c JOIN notes n ON n.customer_id = c.id",
        "SELECT SUM(balance) FROM customers c JOIN nowhere n ON n.customer_id = c.id",
        # pairs are what is counted
        "SELECT COUNT(*) FROM customers a JOIN customers b ON a.region_id = b.region_id AND a.id < b.id",
    ],
)
def test_no_fan_out(sql: str) -> None:
    assert found(sql, FindingKind.FAN_OUT) == []


def test_fan_out_names_both_tables() -> None:
    (finding,) = review(f"SELECT SUM(c.balance) FROM {ORDERS}").findings
    assert "customers (c)" in finding.message
    assert "orders (o)" in finding.message


# ---- the form of a SELECT ----


@pytest.mark.parametrize(
    ("sql", "wheres"),
    [
        ("SELECT * FROM customers", ["*"]),
        ("SELECT c.*, 1 FROM customers c", ["c.*"]),
        ("SELECT x.id FROM (SELECT * FROM customers) x", ["*"]),
        ("SELECT COUNT(*) FROM customers", []),
        ("SELECT id FROM orders WHERE EXISTS (SELECT * FROM customers)", []),
        ("SELECT 2 * balance FROM customers", []),
    ],
)
def test_select_star(sql: str, wheres: list[str]) -> None:
    assert found(sql, FindingKind.SELECT_STAR) == [(Severity.INFO, where) for where in wheres]
    assert review(sql).verdict is Verdict.APPROVED


@pytest.mark.parametrize(
    ("sql", "wheres"),
    [
        ("SELECT name FROM customers LIMIT 5", ["LIMIT 5"]),
        ("SELECT name FROM customers LIMIT 5 OFFSET 2", ["LIMIT 5"]),
        ("SELECT id FROM customers UNION SELECT id FROM orders LIMIT 2", ["LIMIT 2"]),
        ("SELECT n FROM (SELECT id AS n FROM orders LIMIT 3) ORDER BY n", ["LIMIT 3"]),
        ("SELECT COUNT(*) FROM customers GROUP BY name LIMIT 1", ["LIMIT 1"]),
        ("SELECT COUNT(*) OVER () FROM customers LIMIT 1", ["LIMIT 1"]),
        ("SELECT name FROM customers ORDER BY name LIMIT 5", []),
        ("SELECT MAX(id) FROM customers LIMIT 1", []),
        ("SELECT id FROM orders WHERE EXISTS (SELECT 1 FROM customers LIMIT 1)", []),
        ("SELECT total(balance) FROM customers LIMIT 1", []),
        ("SELECT percentile(balance, 90) FROM customers LIMIT 1", []),
        ("SELECT name FROM customers WHERE id = 5 LIMIT 1", []),
        ("SELECT name FROM customers c JOIN orders o ON c.id = customer_id WHERE o.id = 5 LIMIT 1", []),
        ("SELECT name FROM customers WHERE region_id = 5 LIMIT 1", ["LIMIT 1"]),
        (
            "SELECT name FROM orders o LEFT JOIN customers c ON c.id = o.customer_id WHERE o.id = 5 LIMIT 1",
            [],
        ),
        # an outer join keeps the other rows
        (
            "SELECT name FROM customers c LEFT JOIN orders o ON c.id = customer_id AND o.id = 5 LIMIT 1",
            ["LIMIT 1"],
        ),
        (
            "SELECT name FROM customers c LEFT JOIN orders o ON c.id = customer_id"
            " WHERE o.id IS NULL LIMIT 1",
            ["LIMIT 1"],
        ),
        (
            "SELECT name FROM (SELECT customer_id AS id FROM orders WHERE id = 5) o"
            " RIGHT JOIN customers c USING (id) LIMIT 1",
            ["LIMIT 1"],
        ),
        ("SELECT a FROM (SELECT 1 AS a) FULL JOIN (SELECT 2 AS b) ON a = b LIMIT 1", ["LIMIT 1"]),
        ("SELECT 1 LIMIT 1", []),
        ("SELECT name FROM customers LIMIT -1", []),
        ("SELECT name FROM customers LIMIT -1 OFFSET 5", ["LIMIT -1"]),
        ("WITH n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 5) SELECT x FROM n", []),
        ("WITH n(x) AS (SELECT 1 UNION ALL SELECT id FROM orders LIMIT 5) SELECT x FROM n", ["LIMIT 5"]),
    ],
)
def test_unordered_limit(sql: str, wheres: list[str]) -> None:
    assert found(sql, FindingKind.UNORDERED_LIMIT) == [(Severity.WARNING, where) for where in wheres]


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        ("SELECT NVL(balance, 0) FROM customers", "NVL"),
        ("SELECT IsNull(balance, 0) FROM customers", "IsNull"),
        ("SELECT GETDATE() FROM customers", "GETDATE"),
        ("SELECT NOW()", "NOW"),
        ("SELECT DATE_FORMAT(placed_on, '%Y') FROM orders", "DATE_FORMAT"),
        ("SELECT YEAR(placed_on) FROM orders", "YEAR"),
        ("SELECT EXTRACT(YEAR FROM placed_on) FROM orders", "EXTRACT"),
        ("SELECT name FROM customers WHERE name ILIKE 'a%'", "ILIKE"),
        ("SELECT name FROM customers WHERE name REGEXP 'a'", "REGEXP"),
        ("SELECT name FROM customers WHERE name SIMILAR TO 'a'", "SIMILAR TO"),
        ("SELECT TOP 5 name FROM customers", "SELECT TOP"),
        ("SELECT name FROM customers FETCH FIRST 5 ROWS ONLY", "FETCH FIRST"),
        ("SELECT balance::text FROM customers", "::"),
        ("SELECT LEFT(name, 2) FROM customers", "LEFT"),
        ("SELECT CONVERT(INT, balance) FROM customers", "CONVERT"),
        ("SELECT placed_on + INTERVAL '1 day' FROM orders", "INTERVAL '1 day'"),
        ("SELECT id FROM orders WHERE placed_on > DATE '2024-01-01'", "DATE '2024-01-01'"),
        ("SELECT DISTINCT ON (name) name FROM customers", "DISTINCT ON"),
        ("SELECT id FROM orders WHERE id = ANY (SELECT order_id FROM payments)", "ANY"),
        ("SELECT id FROM orders EXCEPT ALL SELECT order_id FROM payments", "EXCEPT ALL"),
        ("SELECT id FROM orders MINUS SELECT order_id FROM payments", "MINUS"),
        ("(SELECT id FROM orders) UNION SELECT order_id FROM payments", "("),
        ("SELECT id FROM orders UNION ALL (SELECT order_id FROM payments)", "("),
        ("SELECT id FROM orders QUALIFY ROW_NUMBER() OVER (ORDER BY id) = 1", "QUALIFY"),
        ("SELECT name, SUM(balance) FROM customers GROUP BY ROLLUP(name)", "ROLLUP"),
        ("SELECT name FROM customers, LATERAL (SELECT 1 AS one)", "LATERAL"),
        ("SELECT TRIM(LEADING 'x' FROM name) FROM customers", "LEADING"),
        ("SELECT my_function(name) FROM customers", "my_function"),
        ("SELECT id INTO copy FROM orders", "INTO"),
        ("SELECT customers.* EXCEPT (name) FROM customers", "EXCEPT"),
    ],
)
def test_dialect(sql: str, where: str) -> None:
    assert (Severity.WARNING, where) in found(sql, FindingKind.DIALECT)
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE customers (id, name, balance); CREATE TABLE orders (id, placed_on)")
    connection.execute("CREATE TABLE payments (order_id)")
    with pytest.raises(apsw.SQLError):  # SQLite does lack it
        connection.execute(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "WITH year(y) AS (SELECT id FROM orders) SELECT y FROM year",
        "WITH year(y) AS NOT MATERIALIZED (SELECT id FROM orders) SELECT y FROM year",
        'SELECT "left" FROM (SELECT 1 AS "left")',
        "SELECT CAST(balance AS VARCHAR(10)), CAST(id AS foo bar baz(1, 2)) FROM customers",
        "SELECT customers.* FROM customers EXCEPT SELECT * FROM customers",
        "SELECT date(placed_on, '+1 day') FROM orders WHERE id IN (1, 2)",
        "SELECT 'NVL(' || name FROM customers -- ILIKE",
        "SELECT id FROM orders WHERE id IN (SELECT order_id FROM payments)",
        "SELECT name FROM customers LEFT JOIN (SELECT id AS x FROM orders) ON x = id",
        "SELECT id FROM orders UNION ALL SELECT id FROM payments",
    ],
)
def test_no_dialect(sql: str) -> None:
    assert found(sql, FindingKind.DIALECT) == []


def test_functions_that_may_be_called_are_no_dialect() -> None:
    permitted = {name.upper() for name in ALLOWED | TABLE_FUNCTIONS if name.isidentifier()}
    assert permitted | {"MATCH"} == SQLITE_FUNCTIONS - REFUSED_FUNCTIONS  # that one is an operator
    assert REFUSED_FUNCTIONS < SQLITE_FUNCTIONS
    real = {
        name.upper()
        for (name,) in apsw.Connection(":memory:").execute("SELECT name FROM pragma_function_list")
    }
    assert SQLITE_FUNCTIONS - real <= {"JSON_EACH", "JSON_TREE", "RAISE", "PERCENTILE_DISC"}


@pytest.mark.parametrize("name", ["random", "sqlite_version", "json_pretty", "load_extension"])
def test_functions_that_may_not_be_called(name: str) -> None:
    assert found(f"SELECT {name}('x')", FindingKind.DIALECT) == [(Severity.WARNING, name)]


# ---- the schema share ----


@pytest.mark.parametrize(
    ("sql", "share"),
    [
        ("SELECT name, balance FROM customers", 1.0),
        ("SELECT COUNT(*) FROM customers", 1.0),
        ("SELECT nam FROM customers", 1 / 2),
        ("SELECT name, nam, nam FROM customers", 2 / 3),
        ("SELECT c.name, o.totl FROM customers c JOIN orders o ON o.customer_id = c.id", 5 / 6),
        ("SELECT a.id FROM customers a JOIN customers b ON a.id = b.region_id", 1.0),
        ("SELECT x FROM nowhere", 0.0),
        ("SELECT x.y, name FROM nowhere x, customers", 2 / 4),
        ("WITH s AS (SELECT id AS k FROM orders) SELECT k, k + 1 FROM s", 1.0),
        ("WITH s AS (SELECT id AS k FROM orders) SELECT wrong FROM s", 2 / 3),
        ("SELECT n FROM (SELECT COUNT(*) FROM orders)", 1 / 2),
        ("SELECT 1", 0.0),
        ("SELECT sql FROM sqlite_master", 0.0),
        # what is not parsed: the names that it mentions, and the statement itself as one that is not known
        ("SELECT name FROM", 1 / 2),
        ("SELEC name, nam FROM customers WHERE total > 'name'", 3 / 6),
        ("SELECT name FROM customers WHERE (id = 1", 3 / 4),
        ("the answer is 42", 0.0),
        ("SELECT 'open FROM customers", 0.0),
        ("DROP TABLE orders", 1 / 2),
        ("DROP TABLE nowhere", 0.0),
        ("PRAGMA table_info(orders)", 1 / 2),
        ("CREATE TABLE copied AS SELECT name FROM customers", 2 / 4),
        ("SELECT name FROM customers; DROP TABLE orders", 3 / 4),
        ("VACUUM", 0.0),
        ("SELECT NAME, name FROM CUSTOMERS", 1.0),
    ],
)
def test_schema_share(sql: str, share: float) -> None:
    assert review(sql).schema_share == pytest.approx(share)


def test_schema_share_of_what_is_denied() -> None:
    sql = "SELECT name, pay FROM customers JOIN salaries ON customer_id = customers.id"
    assert review(sql).schema_share == 1.0
    assert review(sql, DENIES).schema_share == pytest.approx(3 / 6)
    assert review("DROP TABLE salaries", DENIES).schema_share == 0.0
    assert review("SELEC pay FROM salaries", DENIES).schema_share == 0.0


# ---- order, cache, and any text ----


def test_findings_come_gravest_first() -> None:
    severities = [f.severity for f in review("SELECT *, nam FROM customers, orders LIMIT 5").findings]
    assert severities == sorted(severities, reverse=True)
    assert len(set(severities)) == 3


def test_a_schema_is_told_from_another() -> None:
    reviewer = SqlReviewer()
    sql = "SELECT name FROM customers, orders"
    assert reviewer.review(sql, SCHEMA, READ_ALL) is reviewer.review(sql, SCHEMA, READ_ALL)
    assert reviewer.review(sql, SCHEMA, READ_ALL).verdict is Verdict.REJECTED
    assert reviewer.review(sql, SCHEMA_WITHOUT_ROWS, READ_ALL).verdict is Verdict.FLAGGED
    assert reviewer.review("SELECT pay FROM salaries", SCHEMA, READ_ALL).verdict is Verdict.APPROVED
    assert reviewer.review("SELECT pay FROM salaries", SCHEMA, DENIES).verdict is Verdict.REJECTED


_VOCABULARY = (
    "SELECT DISTINCT FROM WHERE GROUP BY ORDER LIMIT HAVING JOIN LEFT NATURAL ON USING AS WITH"
    " RECURSIVE UNION ALL EXCEPT IN EXISTS NOT AND OR IS NULL CASE WHEN THEN ELSE END BETWEEN LIKE"
    " INSERT INTO VALUES UPDATE SET DELETE RETURNING CONFLICT DO OVER PARTITION FILTER INTERVAL TOP"
    " EXPLAIN PRAGMA DROP CAST ( ) , . * ; = < + - || :: ' \" [ ` 0 1 'x' \"x\" ? :p @ -- /* */ é 🦆"
    " customers orders o c id name customers.id o.* COUNT( SUM( nvl( json_each( date("
)
_WORDS = st.sampled_from(_VOCABULARY.split())


@given(st.one_of(st.text(max_size=200), st.lists(_WORDS, max_size=40).map(" ".join)))
@settings(max_examples=400, deadline=None)
def test_any_text_is_reviewed_alike_twice(sql: str) -> None:
    for permissions in (READ_ALL, WRITES, DENIES):
        one, other = review(sql, permissions), review(sql, permissions)
        assert one == other
        assert 0.0 <= one.schema_share <= 1.0
        assert all(finding.message and len(finding.where) <= 120 for finding in one.findings)


def real_database() -> apsw.Connection:
    """Makes the schema in SQLite, where text in double quotes is a column as in the sandbox."""
    connection = apsw.Connection(":memory:")
    connection.config(apsw.SQLITE_DBCONFIG_DQS_DML, 0)
    for made in SCHEMA.tables:
        columns = ", ".join(f'"{column.name}"' for column in made.columns)
        if made.is_view:
            connection.execute(f'CREATE VIEW "{made.name}" ({columns}) AS SELECT id, name FROM customers')
        else:
            connection.execute(f'CREATE TABLE "{made.name}" ({columns})')
    return connection


REAL = real_database()
_COLUMNS = st.sampled_from(
    [
        *(
            "c.id",
            "o.total",
            "name",
            "NAME",
            "c.nam",
            "nam",
            '"name"',
            '"Ann"',
            "n",
            "total",
            "x",
            "k.id",
            "y",
        ),
        *("*", "o.*", "COUNT(*)", "SUM(c.balance)", "rowid", "c.rowid", "value", "id AS x", "(SELECT nope)"),
        *('"COUNT(*)"', "(SELECT MAX(id) FROM orders WHERE customer_id = c.id)"),
    ]
)
_TABLES = st.sampled_from(
    [
        *("customers c", "orders o", "orders", "nowhere n", "k", "K o", "big_spenders", "json_each('[]') n"),
        *("(SELECT * FROM orders) o", "(SELECT id AS x, name n FROM customers) c", "(orders o, products)"),
        *("(SELECT COUNT(*) FROM orders) c", "(customers c JOIN orders o ON o.id = c.id)", "((customers))"),
    ]
)
_JOINS = st.sampled_from([", ", " JOIN ", " NATURAL JOIN ", " LEFT JOIN "])
_FILTERS = st.sampled_from(
    [
        *(
            "",
            " WHERE c.id = o.customer_id",
            " WHERE x > 1",
            " WHERE id IN (SELECT id FROM k WHERE o.total > k.id)",
        ),
        *(" WHERE id IN k", " WHERE EXISTS (SELECT 1 FROM orders o WHERE nope = c.id)"),
    ]
)
_TAILS = st.sampled_from(
    [
        "",
        " GROUP BY 1",
        " GROUP BY x",
        " ORDER BY x",
        " ORDER BY o.total",
        " LIMIT 3",
        " UNION SELECT id FROM k",
    ]
)


@given(st.lists(_COLUMNS, min_size=1, max_size=3), _TABLES, _JOINS, _TABLES, _FILTERS, _TAILS)
@settings(max_examples=500, deadline=None)
def test_names_are_found_as_sqlite_finds_them(
    columns: list[str], one: str, join: str, other: str, condition: str, tail: str
) -> None:
    select = f"SELECT {', '.join(columns)} FROM {one}{join}{other}{condition}{tail}"
    sql = f"WITH k AS (SELECT id FROM orders) {select}"
    unknown = {"UNKNOWN_TABLE", "UNKNOWN_COLUMN"} & kinds(sql)
    try:
        REAL.execute(f"EXPLAIN {sql}")
        message = ""
    except apsw.SQLError as error:
        message = str(error)
    if message.startswith(("no such column", "no such table")):
        assert unknown, f"{sql}: {message}"
    elif not message:
        assert not {*unknown, "SYNTAX", "DIALECT"} & kinds(sql), sql


# ---- all of a large table, clauses out of order, texts added up ----


@pytest.mark.parametrize(
    ("sql", "flagged"),
    [
        ("SELECT id FROM orders", True),
        ("SELECT id, total FROM orders ORDER BY total", True),
        ("SELECT * FROM order_items", True),
        ("SELECT id, row_number() OVER (ORDER BY id) FROM orders", True),
        ("SELECT id FROM orders, Regions", True),
        ("SELECT id FROM customers", False),  # not large
        ("SELECT id FROM orders WHERE total > 5", False),
        ("SELECT id FROM orders ORDER BY id LIMIT 5", False),
        ("SELECT DISTINCT customer_id FROM orders", False),
        ("SELECT sum(total) FROM orders", False),
        ("SELECT customer_id, sum(total) FROM orders GROUP BY customer_id", False),
        ("SELECT o.id FROM orders AS o JOIN customers AS c ON c.id = o.customer_id", False),
        ("SELECT amount FROM payments NATURAL JOIN order_items", False),
        ("SELECT count(*) FROM (SELECT id FROM orders)", False),
        ("SELECT name FROM customers WHERE id IN (SELECT customer_id FROM orders)", False),
        # through sub-queries, CTEs and members of a UNION ALL
        ("SELECT x.id FROM (SELECT id FROM orders ORDER BY id) AS x", True),
        ("WITH x AS (SELECT id FROM orders) SELECT id FROM x", True),
        ("WITH x(y) AS (SELECT id FROM orders) SELECT y FROM x", True),
        ("WITH orders AS (SELECT 1 AS id) SELECT id FROM orders", False),
        ("WITH x AS (SELECT id FROM orders WHERE id < 9) SELECT id FROM x", False),
        ("SELECT id FROM Regions UNION ALL SELECT id FROM orders", True),
        ("SELECT id FROM Regions UNION ALL SELECT id FROM orders ORDER BY 1 LIMIT 3", False),
        ("SELECT id FROM Regions UNION SELECT id FROM orders", False),
        ("SELECT id FROM orders EXCEPT SELECT order_id FROM payments", False),
        # an outer join keeps every row of its left side
        ("SELECT o.id FROM orders AS o LEFT JOIN customers AS c ON c.id = o.customer_id", True),
        ("SELECT c.id FROM customers AS c LEFT JOIN orders AS o ON c.id = o.customer_id", False),
        ("SELECT o.id FROM orders AS o LEFT JOIN customers AS c ON c.id = 1 WHERE c.id IS NULL", False),
    ],
)
def test_all_rows_of_a_large_table(sql: str, flagged: bool) -> None:
    assert (found(sql, FindingKind.FULL_SCAN) != []) is flagged
    assert not flagged or review(sql).verdict is Verdict.FLAGGED


def test_a_write_to_all_of_a_large_table() -> None:
    for sql in ("UPDATE orders SET total = 0", "DELETE FROM orders"):
        assert found(sql, FindingKind.FULL_SCAN, WRITES) == [(Severity.WARNING, "orders")]
        assert found(f"{sql} WHERE total IS NULL", FindingKind.FULL_SCAN, WRITES) == []


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (
            "SELECT region_id FROM customers HAVING count(*) > 1 GROUP BY region_id",
            "GROUP BY stands behind HAVING",
        ),
        ("SELECT id FROM customers ORDER BY id WHERE id = 1", "WHERE stands behind ORDER BY"),
        ("SELECT id FROM customers LIMIT 3 ORDER BY id", "ORDER BY stands behind LIMIT"),
        (
            "SELECT id FROM customers GROUP BY id WHERE id IN (SELECT 1 LIMIT 1)",
            "WHERE stands behind GROUP BY",
        ),
        ("SELECT (SELECT id FROM orders LIMIT 1 WHERE id = 1)", "WHERE stands behind LIMIT"),
    ],
)
def test_clauses_out_of_order_are_no_sql(sql: str, message: str) -> None:
    (finding,) = review(sql).findings
    assert finding.kind is FindingKind.SYNTAX
    assert message in finding.message
    with pytest.raises(apsw.SQLError):  # SQLite says so too
        apsw.Connection(":memory:").execute(sql.replace("customers", "(SELECT 1 AS id, 2 AS region_id)"))


@pytest.mark.parametrize(
    "sql", ["SELECT 'a' + 'b'", "SELECT name + '!' FROM customers", "SELECT '!' + name FROM customers"]
)
def test_texts_are_not_added(sql: str) -> None:
    ((severity, where),) = found(sql, FindingKind.DIALECT)
    assert severity is Severity.WARNING
    assert "+" in where
