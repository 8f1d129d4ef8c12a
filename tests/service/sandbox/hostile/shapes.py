"""Statements of an uncommon shape: deep, long, wide, in odd letters, with values at the ends of ranges."""

from __future__ import annotations

from .cases import STOPPED, expect

NESTING = (
    *expect(
        "LIMIT SYNTAX",
        "SELECT " + "(" * 5000 + "1" + ")" * 5000,
        "SELECT " + "(" * 45_000,
        "SELECT " + "(SELECT " * 300 + "1" + ")" * 300,
        "SELECT * FROM " + "(SELECT * FROM " * 2000 + "customer" + ")" * 2000,
        "SELECT " + "NOT " * 2000 + "1",
        "SELECT " + "- " * 2000 + "1",
        "SELECT " + "~" * 2000 + "1",
        "SELECT " + "+".join("1" * 2000),
        "SELECT " + "||".join("1" * 2000),
        "SELECT 1 WHERE " + " AND ".join("1" * 2000),
        "SELECT " + "CASE WHEN 1 THEN " * 2000 + "1" + " END" * 2000,
        "SELECT " + "abs(" * 1000 + "1" + ")" * 1000,
        "SELECT " + "coalesce(NULL, " * 600 + "1" + ")" * 600,
        "SELECT " + "EXISTS (SELECT 1 WHERE " * 300 + "1" + ")" * 300,
        "SELECT " + "1 IN (" * 600 + "1" + ")" * 600,
        "SELECT " + "CAST(" * 600 + "1" + " AS TEXT)" * 600,
        "SELECT 1" + " COLLATE NOCASE" * 2000,
        "SELECT '{}'" + " -> 'a'" * 600,
        "SELECT " + " BETWEEN 1 AND ".join("1" * 1000),
        "SELECT " + "1 LIKE " * 1000 + "1",
        "SELECT 1 FROM customer" + " JOIN (customer" * 500 + ")" * 500,
        "SELECT count(*) FILTER (WHERE " * 300 + "1" + ")" * 300,
    ),
)

LENGTH = (
    *expect(
        "LIMIT",
        "SELECT 1 " + "UNION SELECT 1 " * 5000,
        "SELECT 1 " + "INTERSECT SELECT 1 " * 101,
        "SELECT name FROM customer " + "EXCEPT SELECT name FROM customer " * 200,
        "SELECT " + "1," * 5000 + "1",
        "SELECT *, " + "customer.*, " * 100 + "1 FROM customer",
        "SELECT max(" + "1," * 5000 + "1)",
        "SELECT " + "abs(1), " * 201 + "1",
        "SELECT "
        + ", ".join(f"row_number() OVER (ORDER BY rowid % {i + 1})" for i in range(201))
        + " FROM customer",
        "SELECT name FROM customer ORDER BY " + ", ".join(["name"] * 3000),
        "SELECT name FROM customer GROUP BY " + ", ".join(["name"] * 3000),
        "SELECT :name, @name, $name::x(y)",
        "SELECT 1 WHERE 1 IN (" + "1, " * 40_000 + "1)",
        "-- " + "x" * 200_000 + "\nSELECT 1",
    ),
    *expect(
        "ROWS",
        "SELECT name FROM customer WHERE customer_id IN (" + "1, " * 30_000 + "1)",
        "SELECT name FROM customer WHERE name IN ("
        + ", ".join(f"'{i * 7919 % 12_000}'" for i in range(12_000))
        + ")",
        "SELECT 1 WHERE " + " OR ".join(f"{i} = {i + 1}" for i in range(400)),
        "VALUES " + ", ".join(f"({i})" for i in range(9_000)),
        "SELECT 1" + "/*x*/" * 18_000,
        "SELECT 1" + " IS NOT NULL" * 2000,
        "WITH a AS (" * 300 + "SELECT 1" + ") SELECT * FROM a" * 300,
        "SELECT name FROM customer ORDER BY 999999999999999999999",
        "SELECT 1" + " " * 90_000,
        "SELECT 1" + ";" * 90_000,
        "SELECT 1 AS " + "a" * 90_000,
        "SELECT '" + "''" * 45_000 + "'",
        "WITH " + ", ".join(f"c{i} AS (SELECT {i})" for i in range(3_000)) + " SELECT 1",
        "SELECT " + ", ".join(["1"] * 500),
        " UNION ALL ".join(["SELECT 1"] * 100),
        "SELECT (" + ",".join(["1"] * 400) + ") = (" + ",".join(["1"] * 400) + ")",
    ),
    *expect(
        "SYNTAX NO_SUCH_COLUMN NO_SUCH_TABLE OTHER",
        "SELECT ?",
        "SELECT :name",
        "SELECT ?32000",
        "SELECT '" + "''" * 45_000,
        'SELECT "' + "a" * 90_000 + '"',
        "SELECT * FROM " + "a" * 90_000,
        "SELECT " + "a." * 40_000 + "a",
        "SELECT " + "no_such_column_" * 6_000 + " FROM customer",
        "a" * 90_000,
        "SELECT " * 10_000,
        "," * 90_000,
    ),
)

LETTERS = (
    *expect(
        "SYNTAX",
        "SELECT 1\0",
        "SELECT '\0'; DELETE FROM review",
        "\0",
        "SELECT \ud800",
        "SELECT '\udfff'",
        "SELECT 1 -- \udc80",
        "SELECT\u00a01",
        "SELECT\u20031",
        "\u202eSELECT 1",
        "\u200bSELECT 1",
        "SELECT 1\u037e DELETE FROM review",
        "ＳＥＬＥＣＴ 1",
        "ЅELECT 1",
        "SELECT 1 ／* x *／",
        "DELETE\u2028FROM review",
        "\x01\x02\x03",
        "SELECT \x1b[2J",
        "SELECT 'unfinished",
        'SELECT "unfinished',
        "SELECT [unfinished",
        "SELECT `unfinished",
        "SELECT x'0g'",
        "SELECT x'123'",
        "SELECT 0x",
        "SELECT 1e",
        "SELECT 1__0",
        "SELECT #1",
        "SELECT \\x41",
    ),
    *expect(
        "NO_SUCH_COLUMN NO_SUCH_TABLE NO_SUCH_FUNCTION",
        'SELECT "text"',
        "SELECT ”x”",
        "SELECT ‘x’",
        "SELECT nаme FROM customer",
        "SELECT * FROM cuѕtomer",
        "SELECT * FROM customer\u200b",
        "SELECT * FROM ＣＵＳＴＯＭＥＲ",
        "SELECT * FROM ſupplier",
        "SELECT ａbs(1)",
        "SELECT LOAD_EXTENſION('x')",
        'SELECT name FROM customer WHERE "Oslo" = city',
    ),
    *expect(
        "ROWS",
        "SELECT '\u202edrop\u202c', 'e\u0301', '𝄞', '\ufeff', '\uffff'",
        "SELECT 'Ａ' = 'A', 'ſ' = 's', upper('ß'), lower('İ'), 'K' LIKE 'k'",
        'SELECT 1 AS "\'; DELETE FROM review; --"',
        "SELECT 1 AS [\"a`'b]",
        "SELECT 1 AS ''",
        'SELECT 1 AS "\n\t\x01"',
        "SELECT 'CUSTOMER' FROM CUSTOMER LIMIT 1",
        "SELECT name FROM 'customer' LIMIT 1",
        "SELECT char(0), char(55296), char(1114112), char(-1), unicode(char(0))",
        "SELECT CAST(x'c0af' AS TEXT), CAST(x'eda080' AS TEXT), CAST(x'f4908080' AS TEXT),"
        " CAST(x'ff' AS TEXT)",
        "SELECT length(CAST(x'c3' AS TEXT)), CAST(x'61ff62' AS TEXT)",
        "SELECT CAST(x'c0ae' AS TEXT) || name FROM customer LIMIT 2",
        "SELECT substr(CAST(x'f09f' AS TEXT) || 'abc', 1, 2), CAST(x'80' AS TEXT) LIKE '_'",
        "SELECT unistr('\\u0000\\+01F600'), unistr_quote(char(1))",
    ),
    *expect(
        "OTHER ROWS",
        "SELECT unistr('\\ud800')",
        "SELECT json_array(x'00')",
        "SELECT unistr('\\x')",
        "SELECT instr(CAST(x'ff61' AS TEXT), 'a')",
        "SELECT replace(CAST(x'ff61' AS TEXT), 'a', 'b')",
        "SELECT trim(CAST(x'ff61' AS TEXT), 'a')",
    ),
)

VALUES = (
    *expect(
        "ROWS",
        "SELECT 9223372036854775807 + 1, -9223372036854775808 - 1, 9223372036854775807 * 9223372036854775807",
        "SELECT -9223372036854775808 / -1, -9223372036854775808 % -1, 1 / 0, 1 % 0, 1.0 / 0",
        "SELECT 1 << 64, 1 << -64, -1 >> 64, 1 << 9223372036854775807, ~0",
        "SELECT 0xffffffffffffffff, 9223372036854775808, 1e999, -1e999, 1e-999",
        "SELECT 1e308 * 10, 1e308 * 10 - 1e308 * 10, CAST('nan' AS REAL), CAST('inf' AS INTEGER)",
        "SELECT CAST(1e308 AS INTEGER), CAST('9999999999999999999999' AS INTEGER), CAST(x'' AS INTEGER)",
        "SELECT round(1e308, 30), round(-1e-308, 2147483647), round(1, -2147483648), trunc(1e308)",
        "SELECT exp(1e308), ln(0), ln(-1), log(0, 0), sqrt(-1), pow(0, -1), acos(2), atanh(1), mod(1, 0)",
        "SELECT substr('abc', 9223372036854775807), substr('abc', 0, -9223372036854775808),"
        " substr('abc', -1, 1e300)",
        "SELECT date('9999-12-31', '+1 day'), date('-4713-11-24', '-1 day'), datetime(1e308), date(-1e308)",
        "SELECT julianday('now', '+9223372036854775807 days'), unixepoch('0000-00-00'), time('24:00:00')",
        "SELECT date('now', 'weekday 7'), date('now', '-1e400 months'), date('now', 'auto', 'unixepoch')",
        "SELECT strftime('%', 'now'), strftime('%%%', 'now'), strftime('', 'now'), strftime(char(0), 'now')",
        "SELECT strftime('%Y%J%f%s%j%W%u', 5373484.499999999), strftime('%s', '9999-12-31 23:59:60')",
        "SELECT datetime('now', 'localtime', 'utc', 'localtime'), datetime(253402300800,"
        " 'unixepoch', 'localtime')",
        "SELECT timediff('9999-12-31', '-4713-11-24'), timediff('x', 'y'), datetime('now', 'subsec',"
        " 'floor')",
        "SELECT date('2024-02-30'), date('2024-13-01'), date('２０２４-01-01'), date('now' || char(0))",
        "SELECT name FROM customer LIMIT 9223372036854775807 OFFSET 9223372036854775807",
        "SELECT name FROM customer LIMIT -9223372036854775808 OFFSET -1",
        "SELECT name FROM customer LIMIT (SELECT count(*) FROM review)",
        "SELECT sum(9223372036854775807.0), total(9e999), avg(1e308) FROM customer",
        "SELECT lag(name, 2147483647) OVER (), lead(name, -1) OVER (), first_value(name) OVER ()"
        " FROM customer",
        "SELECT sum(rating) OVER (ORDER BY review_id ROWS BETWEEN 9223372036854775807 PRECEDING AND"
        " 9223372036854775807 FOLLOWING) FROM review",
        "SELECT sum(rating) OVER (ORDER BY rating RANGE BETWEEN 1e308 PRECEDING AND 1e308 FOLLOWING)"
        " FROM review",
        "SELECT rowid, _rowid_, oid FROM customer WHERE rowid = 9223372036854775807",
        "SELECT typeof(NULL), NULL IS NULL, NULL = NULL, NULL IN (), 1 IN (), 'a' IN (NULL)",
        "SELECT quote(x''), quote(NULL), quote(1e999), quote(-0.0), hex(NULL), octet_length(x'00')",
        "SELECT likelihood(1, 0.5), likely(1), unlikely(0), iif(1, 2), nullif(1, 1.0)",
    ),
    *expect(
        "OTHER",
        "SELECT abs(-9223372036854775808)",
        "SELECT sum(9223372036854775807) FROM customer",
        "SELECT likelihood(1, 2)",
        "SELECT ntile(0) OVER () FROM customer",
        "SELECT nth_value(name, 0) OVER () FROM customer",
        "SELECT sum(rating) OVER (ROWS -1 PRECEDING) FROM review",
        "SELECT sum(rating) OVER (ROWS BETWEEN 'x' PRECEDING AND CURRENT ROW) FROM review",
        "SELECT name FROM customer LIMIT 'x'",
        "SELECT sum(sum(rating)) FROM review",
        "SELECT count(*) OVER (PARTITION BY count(*) OVER ()) FROM review",
        "SELECT 1 UNION SELECT 1, 2",
        "SELECT (SELECT 1, 2)",
        "SELECT abs(1, 2)",
        "SELECT json('{')",
        "SELECT json_extract('{}', 'a')",
        "SELECT json_object('a')",
    ),
    *expect(
        STOPPED,
        "SELECT max(a.rowid) OVER (ORDER BY b.rowid GROUPS BETWEEN UNBOUNDED PRECEDING AND 1"
        " FOLLOWING EXCLUDE TIES)"
        " FROM order_line a, order_line b ORDER BY 1",
        "SELECT sum(a.price) OVER (PARTITION BY 1 ORDER BY a.rowid ROWS BETWEEN 2000 PRECEDING AND"
        " 2000 FOLLOWING)"
        " FROM product a, order_line b ORDER BY 1 DESC",
        "SELECT count(*) FROM (SELECT percent_rank() OVER w, cume_dist() OVER w FROM orders a,"
        " orders b, orders c"
        " WINDOW w AS (ORDER BY a.rowid + b.rowid))",
        "SELECT group_concat(a.name, ',') OVER (ORDER BY b.rowid) FROM customer a, customer b ORDER"
        " BY 1 DESC",
    ),
)

KINDS = {"nesting": NESTING, "length": LENGTH, "letters": LETTERS, "values": VALUES}
