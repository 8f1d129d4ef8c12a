from __future__ import annotations

import pytest
import sqlglot

from sqldojo.service.tasks.tables_read import tables_read


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("SELECT a FROM t", ("t",)),
        ("SELECT 1", ()),
        ("SELECT * FROM b JOIN a ON a.x = b.x JOIN b AS c ON c.x = a.x", ("a", "b")),
        ("WITH w AS (SELECT x FROM t) SELECT * FROM w JOIN u ON u.x = w.x", ("t", "u")),
        ("SELECT x FROM t WHERE x IN (SELECT x FROM u) EXCEPT SELECT x FROM v", ("t", "u", "v")),
        ("INSERT INTO t (x) SELECT x FROM u", ("t", "u")),
        ("UPDATE t SET x = 1 WHERE x IN (SELECT x FROM u)", ("t", "u")),
        ("DELETE FROM t WHERE x NOT IN (SELECT x FROM u)", ("t", "u")),
        ('SELECT x FROM "odd name"', ("odd name",)),
    ],
)
def test_tables_are_named_once_and_sorted(sql: str, tables: tuple[str, ...]) -> None:
    assert tables_read(sql) == tables


def test_what_does_not_parse_is_an_error() -> None:
    with pytest.raises(sqlglot.errors.ParseError):
        tables_read("SELECT FROM WHERE (")
