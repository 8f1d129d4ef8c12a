"""Statements made to take time or memory without end."""

from __future__ import annotations

from .cases import ENDLESS, STOPPED, expect, text, times

A, B = text(99998), f"{text(49998)} || 'b'"
BIG = f"{text(50000)} || x"
QUOTE, OBJECT = '"', '{"a":'
FIVE = "FROM orders a, orders b, orders c, orders d, orders e"

RECURSION = (
    *expect(
        STOPPED,
        ENDLESS + "SELECT count(*) FROM c",
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION SELECT x + 1 FROM c) SELECT count(*) FROM c",
        "WITH RECURSIVE c(x) AS (VALUES (1) UNION ALL SELECT x FROM c) SELECT max(x) FROM c",
        "WITH RECURSIVE c(x, y) AS (SELECT 1, '' UNION ALL SELECT x + 1, y || 'a' FROM c) SELECT"
        " sum(length(y)) FROM c",
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c UNION ALL SELECT x + 2 FROM c)"
        " SELECT count(*) FROM c",
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c ORDER BY 1 DESC) SELECT"
        " count(*) FROM c",
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT -1) SELECT count(*) FROM c",
        "WITH RECURSIVE c(x) AS (SELECT customer_id FROM customer UNION ALL SELECT x FROM c, customer)"
        " SELECT count(*) FROM c",
        "WITH RECURSIVE a(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM a), b(y) AS (SELECT 1 UNION"
        " ALL SELECT y + x FROM b, a)"
        " SELECT count(*) FROM b",
        ENDLESS + "SELECT x FROM c WHERE x < 0",
        ENDLESS + "SELECT max(x) FROM c GROUP BY x % 2",
        ENDLESS + "SELECT count(*) FROM c, c AS d",
        ENDLESS + "SELECT EXISTS (SELECT 1 FROM c WHERE x = -1)",
        ENDLESS + "SELECT 0 IN (SELECT x FROM c)",
        ENDLESS + "SELECT name FROM customer WHERE customer_id = (SELECT x FROM c WHERE x < 0)",
        ENDLESS + "SELECT x FROM c EXCEPT SELECT x FROM c",
        ENDLESS + "SELECT json_group_array(x) FROM c",
        ENDLESS + "SELECT group_concat(x) FROM c",
        ENDLESS + "SELECT string_agg(x, x ORDER BY -x) FROM c",
        ENDLESS + "SELECT median(x) FROM c",
        ENDLESS + "SELECT count(DISTINCT x) FROM c",
        ENDLESS + "SELECT x, row_number() OVER (ORDER BY -x) FROM c",
        ENDLESS + f"SELECT sum(length({BIG})) FROM c",
        ENDLESS + f"SELECT {BIG} FROM c ORDER BY 1",
        ENDLESS + f"SELECT DISTINCT {BIG} FROM c ORDER BY 1",
        ENDLESS + f"SELECT count(*) FROM (SELECT max({BIG}) OVER (ORDER BY x DESC) FROM c)",
        ENDLESS + f"SELECT sum(length(replace({BIG}, 'a', 'b'))) FROM c",
        ENDLESS + f"SELECT sum(instr({BIG}, {text(25000)} || 'b')) FROM c",
        ENDLESS + f"SELECT sum({BIG} LIKE '%' || {text(190)} || 'b') FROM c",
        ENDLESS + f"SELECT sum({BIG} GLOB '*[' || {text(190, 'b')} || 'a]c') FROM c",
        ENDLESS + f"SELECT sum(json_valid('[' || {times(40000, '1,')} || '1]')) FROM c",
        ENDLESS + f"SELECT max(hex({text(40000)} || x)) FROM c",
    ),
    *expect("ROWS", ENDLESS + "SELECT x FROM c", ENDLESS + "SELECT x FROM c LIMIT 3"),
    *expect("LIMIT", ENDLESS + f"SELECT {BIG} FROM c"),
)

JOINS = (
    *expect(
        STOPPED,
        f"SELECT count(*) {FIVE}",
        f"SELECT a.status || b.status {FIVE} ORDER BY 1",
        f"SELECT DISTINCT a.order_id + b.order_id + c.order_id + d.order_id {FIVE} ORDER BY 1",
        f"SELECT group_concat(a.status || b.status) {FIVE}",
        f"SELECT max(a.order_id * b.order_id) {FIVE} GROUP BY a.order_id, b.order_id, c.order_id",
        "SELECT count(*) FROM order_total a, order_total b, order_total c",
        "SELECT count(*) FROM order_line NATURAL JOIN product CROSS JOIN payment CROSS JOIN order_line",
        "SELECT sum(a.amount) OVER (ORDER BY b.amount ROWS BETWEEN 1000 PRECEDING AND 1000 FOLLOWING)"
        " FROM payment a, payment b ORDER BY 1 DESC",
        "SELECT count(*) FROM (SELECT max(a.amount) OVER (ORDER BY b.amount RANGE BETWEEN 1000"
        " PRECEDING AND CURRENT ROW)"
        " FROM payment a, payment b)",
        "SELECT count(*) FROM (SELECT nth_value(a.rowid, 100) OVER (PARTITION BY b.rowid % 2 ORDER"
        " BY a.rowid)"
        " FROM order_line a, order_line b)",
        "SELECT count(*) FROM (SELECT ntile(1000) OVER (ORDER BY a.rowid, b.rowid) FROM order_line"
        " a, order_line b)",
        "SELECT count(*) FROM customer a FULL JOIN customer b ON a.name > b.name FULL JOIN customer"
        " c ON c.name > b.name"
        " FULL JOIN customer d ON d.city <> a.city",
        "SELECT name FROM customer WHERE (SELECT count(*) FROM orders a, orders b WHERE a.status <"
        " b.status) > 1"
        " AND name > (SELECT max(a.status) FROM orders a, orders b, orders c)",
        "SELECT count(*) FROM orders a, orders b WHERE NOT EXISTS (SELECT 1 FROM orders c WHERE"
        " c.rowid + a.rowid + b.rowid < 0)",
        "SELECT count(*) FROM review a, review b, review c WHERE a.body || b.body || c.body LIKE '%q%q%q%q%'",
        f"WITH a AS (SELECT 1 AS x {FIVE}) SELECT count(*) FROM a, a AS b, a AS c",
        f"WITH a AS MATERIALIZED (SELECT a.order_id {FIVE}) SELECT count(*) FROM a",
    ),
    *expect(
        "ROWS LIMIT TIMEOUT",
        "SELECT 1 FROM orders" + "".join(f", orders AS o{i}" for i in range(60)) + " LIMIT 1",
        "SELECT 1 FROM customer" + " NATURAL JOIN customer" * 60,
        "SELECT 1 FROM supplier AS s0"
        + "".join(
            f" JOIN supplier AS s{i} ON s{i}.supplier_id = s{(i * 7 + 1) % i}.rating" for i in range(1, 60)
        ),
    ),
    *expect(
        "LIMIT",
        "SELECT 1 FROM orders" + ", orders" * 100,
        "SELECT 1 FROM customer" + " LEFT JOIN review ON 1" * 64,
    ),
    *expect(
        STOPPED,
        f"WITH j(v) AS (SELECT '[' || {times(20000, '1,')} || '1]') SELECT count(*) FROM j,"
        f" json_each(v) a, json_each(v) b",
        f"WITH j(v) AS (SELECT {times(300, '[1,')} || 1 || {times(300, ']')})"
        " SELECT count(*) FROM j, json_tree(v) a, json_tree(v) b, json_tree(v) c, json_tree(v) d",
    ),
)

GROWTH = (
    *expect(
        "NO_SUCH_FUNCTION",
        "SELECT zeroblob(1000000000)",
        "SELECT hex(zeroblob(1000000000))",
        "SELECT quote(zeroblob(1000000000))",
        "SELECT randomblob(1000000000)",
        "SELECT length(randomblob(9223372036854775807))",
        f"SELECT unhex({A}, {A})",
        "SELECT json_pretty('[]', '')",
        f"SELECT length(json_pretty({times(900, '[')} || {times(900, ']')}, {text(90000, ' ')}))",
        f"SELECT length(json_pretty({times(900, '[')} || {times(40000, '1,')} || 1 || {times(900, ']')}))",
        "SELECT json_patch('{}', '{}')",
        f"SELECT jsonb_group_array('[' || {times(49000, '1,')} || '1]') FROM orders",
        f"SELECT jsonb_group_object(order_id, '[' || {times(49000, '1,')} || '1]') FROM orders",
        "SELECT " + ", ".join(["sqlite_version()"] * 400),
        "SELECT " + "matchinfo(customer) + " * 400 + "1 FROM customer",
        "SELECT jsonb_patch('{}', '{}')",
    ),
    *expect(
        "LIMIT",
        f"SELECT hex({A})",
        f"SELECT quote({A} || '''')",
        f"SELECT {A} || {A}",
        f"SELECT length({A} || {A} || {A})",
        f"SELECT replace({A}, 'a', {A})",
        f"SELECT length(replace(replace(replace({A}, 'a', {A}), 'a', {A}), 'a', {A}))",
        f"SELECT replace({A}, 'a', 'aa')",
        f"SELECT concat({A}, {A})",
        f"SELECT concat_ws({A}, 1, 2, 3)",
        f"SELECT json_quote({text(60000, QUOTE)})",
        f"SELECT json_array({A}, {A})",
        f"SELECT json_object('a', {A}, 'b', {A})",
        f"SELECT upper({A}) || lower({A})",
        f"SELECT group_concat({text(400)} || name) FROM customer",
        f"SELECT string_agg({text(50000)}, {text(50000)}) FROM category",
        f"SELECT json_group_array({text(400)} || name) FROM customer",
        f"SELECT json_group_object(name, {text(400)}) FROM customer",
        "SELECT printf('%1000000000d', 1)",
        "SELECT printf('%.1000000000f', 1.0)",
        "SELECT printf('%*.*f', 2147483647, 2147483647, 1e308)",
        "SELECT printf('%99999.99999e', 1e-308)",
        f"SELECT printf('%s%s', {A}, {A})",
        f"SELECT format({times(30000, '%s')}, {A}, {A})",
        "SELECT " + " || ".join(["'" + "x" * 190 + "'"] * 490) + " || " + A,
        "SELECT '" + "x" * 1_000_000 + "'",
        "SELECT x'" + "00" * 60_000 + "'",
        f"SELECT CAST({A} AS BLOB) || {A}",
        f"SELECT strftime({times(40000, '%J')}, 'now')",
    ),
    *expect(
        "ROWS",
        "SELECT printf('%-2147483648s|', 'x')",
        "SELECT printf('%,.500d', -9223372036854775808)",
        "SELECT printf('%s%n%p%z%!%', 'x', 1)",
        "SELECT printf('%q %Q %w', '''', '''', '\"')",
        "SELECT printf('%c%c', '', char(0, 0))",
        "SELECT format('%.*s', -1, 'abc')",
        f"SELECT length({A})",
        f"SELECT instr({A}, {B})",
        f"SELECT length(replace({A}, {B}, 'x'))",
        f"SELECT length(trim({A}, {text(7998, 'b')} || 'a'))",
        f"SELECT {A} LIKE {times(60, '%_a')} || 'b'",
        f"SELECT {A} GLOB {times(45, '*[a]')} || 'b'",
        f"SELECT substr({A}, -9223372036854775808, 9223372036854775807)",
        f"SELECT min({A}, {B}) = max({A}, {B})",
        f"SELECT json_valid({times(50000, '[')})",
        f"SELECT json_error_position({A})",
        f"SELECT json_extract('[' || {times(40000, '1,')} || '1]', '$[#-1]')",
        f"SELECT json_type({times(900, '[')} || {times(900, ']')})",
    ),
    *expect(
        "ROWS TIMEOUT",  # as busy as the machine is
        f"SELECT {A} LIKE '%' || {text(190)} || 'b'",
        "SELECT " + "+".join(["instr(a, b)"] * 99) + f" FROM (SELECT {A} AS a, {B} AS b LIMIT 1)",
        "SELECT "
        + "+".join(["length(replace(a, b, ''))"] * 90)
        + f" FROM (SELECT {A} AS a, {B} AS b LIMIT 1)",
    ),
    *expect(
        "OTHER ROWS LIMIT",
        f"SELECT json_extract('{{}}', '$' || {times(30000, '.a')})",
        f"SELECT json_set('[]', '$' || {times(900, '[0]')}, 1)",
        f"SELECT json({times(2000, '[')} || {times(2000, ']')})",
        f"SELECT jsonb({times(2000, OBJECT)} || 1 || {times(2000, '}')})",
        f"SELECT json_remove('[' || {times(40000, '1,')} || '1]', '$[0]'" + ", '$[0]'" * 90 + ")",
        "SELECT json(x'cb0c0c0c0c0c0c')",
        "SELECT json_extract(x'ffffffffffffffffff', '$')",
        "SELECT jsonb_set(x'bc', '$.a', x'cb')",
        "SELECT json_each.value FROM json_each(x'fbffffffff')",
        f"SELECT json_valid(CAST({times(10000, 'Ü')} AS BLOB), 8)",
        f"SELECT {A} LIKE {times(30000, '%a')}",
        f"SELECT {A} GLOB {times(30000, '*a')}",
        "SELECT 'a' LIKE 'a' ESCAPE ''",
        "SELECT 'a' LIKE 'a' ESCAPE 'ab'",
        "SELECT median(rating), percentile(rating, 1e308) FROM review",
        "SELECT percentile(rating, 'NaN') FROM review",
    ),
)

TRIGGERS_AND_VIEWS = (
    *expect(
        "DENIED",
        "CREATE TRIGGER g AFTER UPDATE ON review BEGIN UPDATE review SET rating = rating + 1; END",
        "CREATE TRIGGER g AFTER INSERT ON review BEGIN INSERT INTO review DEFAULT VALUES; END",
        "CREATE TEMP TRIGGER g AFTER DELETE ON main.review BEGIN SELECT RAISE(ABORT, 'x'); END",
        "CREATE VIEW v AS SELECT * FROM v",
        "CREATE VIEW v AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x FROM c) SELECT * FROM c",
        "CREATE TEMP VIEW v2 AS SELECT a.* FROM order_total a, order_total b",
    ),
    *expect(
        "ROWS",
        "WITH v1 AS (SELECT * FROM order_total), v2 AS (SELECT * FROM v1), v3 AS (SELECT * FROM v2)"
        " SELECT count(*) FROM v3",
        "SELECT * FROM (SELECT * FROM (SELECT * FROM order_total) a) b LIMIT 5",
        "WITH order_total AS (SELECT 1 AS x) SELECT * FROM order_total",
        "WITH customer AS (SELECT 1 AS x) SELECT x FROM customer",
    ),
    *expect(
        "OTHER SYNTAX",
        "WITH a AS (SELECT * FROM b), b AS (SELECT * FROM a) SELECT * FROM a",
        "WITH a AS (SELECT * FROM a) SELECT * FROM a",
        "WITH order_total AS (SELECT * FROM order_total) SELECT * FROM order_total",
        "SELECT RAISE(ABORT, 'x')",
        "SELECT RAISE(IGNORE)",
    ),
    *expect(
        "LIMIT OTHER",
        "WITH a0 AS (SELECT name FROM customer)"
        + "".join(
            f", a{i} AS (SELECT * FROM a{i - 1} UNION ALL SELECT * FROM a{i - 1})" for i in range(1, 30)
        )
        + " SELECT count(*) FROM a29",
        "WITH a0 AS (SELECT name FROM customer)"
        + "".join(f", a{i} AS (SELECT x.* FROM a{i - 1} x, a{i - 1} y)" for i in range(1, 30))
        + " SELECT count(*) FROM a29",
    ),
)


def _doubled(levels: int, both: str) -> str:
    """Gives a statement whose one expression doubles with each level once SQLite has joined them."""
    names = "".join(f", a{i} AS (SELECT {both} AS x FROM a{i - 1})" for i in range(1, levels))
    whole = f"WITH a0 AS (SELECT body AS x FROM review){names} SELECT * FROM a{levels - 1}"
    return f"SELECT 1 FROM ({whole}) WHERE x"


STUCK = expect(
    "TIMEOUT LIMIT",
    _doubled(32, "x || x"),
    _doubled(32, "x + x"),
    _doubled(20, "x IN (x, x, x)"),
    "SELECT "
    + "+".join(["(a LIKE p)"] * 190)
    + f" FROM (SELECT {A} AS a, '%' || {text(190)} || 'b' AS p LIMIT 1)",
    sticks=True,
)

KINDS = {
    "recursion": RECURSION,
    "joins": JOINS,
    "growth": GROWTH,
    "triggers and views": TRIGGERS_AND_VIEWS,
    "stuck": STUCK,
}
