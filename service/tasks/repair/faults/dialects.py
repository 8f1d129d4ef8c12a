"""Faults of dialect: idioms of other databases that SQLite refuses."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

from sqlglot import exp

from ....core.schema import Schema
from ...databases.lexicon import Lexicon
from ..fault import Broken, Fault, Injection
from ..reading import texts
from ..writing import written

_PART = re.compile(r"strftime\('(%Y-%m|%Y|%m|%w)', ((?:\w+\.)?(?:\w+|\"[^\"]+\"))\)", re.IGNORECASE)
_YEAR = re.compile(r"strftime\('%Y', ((?:\w+\.)?(?:\w+|\"[^\"]+\"))\) = '(\d{4})'", re.IGNORECASE)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_LIMIT = re.compile(r" LIMIT (\d+)$")


def _by_text(pattern: re.Pattern[str], rewrite: Callable[[re.Match[str]], str]) -> Injection:
    """Makes an injection that rewrites every match in the text."""

    def inject(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
        text = written(statement)
        other = pattern.sub(rewrite, text)
        return other if other != text else None

    return inject


def _format(letters: dict[str, str], function: str, swapped: bool = False) -> Injection:
    def rewrite(match: re.Match[str]) -> str:
        if match[1] not in letters:
            return match[0]
        parts = (f"'{letters[match[1]]}'", match[2])
        return f"{function}({', '.join(parts if swapped else reversed(parts))})"

    return _by_text(_PART, rewrite)


def _top(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    text = written(statement)
    match = _LIMIT.search(text)
    if match is None or not text.startswith("SELECT "):
        return None
    head = "SELECT DISTINCT " if text.startswith("SELECT DISTINCT ") else "SELECT "
    return f"{head}TOP {match[1]} {text[len(head) : match.start()]}"


def _like(pattern: str, replacement: str) -> Injection:
    return _by_text(re.compile(pattern), lambda match: match.expand(replacement))


def _around_text(rewrite: str) -> Injection:
    """Makes an injection that writes something around the text constants that columns are compared with."""

    def inject(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
        sites = [node for node in texts(statement) if not _DAY.fullmatch(node.name)]
        for node in sites:
            node.replace(exp.Var(this=rewrite.format(node.sql("sqlite"))))
        return statement if sites else None

    return inject


def _around_day(rewrite: str) -> Injection:
    """Makes an injection that writes something around the days that columns are compared with."""

    def inject(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
        sites = [n for n in statement.find_all(exp.Literal) if n.is_string and _DAY.fullmatch(n.name)]
        for node in sites:
            node.replace(exp.Var(this=rewrite.format(node.sql("sqlite"))))
        return statement if sites else None

    return inject


def _any_array(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = [node for node in statement.find_all(exp.In) if node.expressions]
    for node in sites:
        listed = ", ".join(each.sql("sqlite") for each in node.expressions)
        node.replace(exp.EQ(this=node.this.copy(), expression=exp.Var(this=f"ANY(ARRAY[{listed}])")))
    return statement if sites else None


def _nolock(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    text = written(statement)
    match = re.search(r" FROM (?:\w+|\"[^\"]+\")(?: AS \w+)?", text)
    return f"{text[: match.end()]} WITH (NOLOCK){text[match.end() :]}" if match else None


def _from_dual(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    if not isinstance(statement, exp.Select) or statement.args.get("from_"):
        return None
    return statement.from_("dual", copy=False)


def _decode(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    """CASE WHEN x = 'a' THEN 1 ELSE 0 END as DECODE(x, 'a', 1, 0)."""
    sites = []
    for node in statement.find_all(exp.Case):
        branches = node.args["ifs"]
        otherwise = node.args.get("default")
        if len(branches) == 1 and isinstance(branches[0].this, exp.EQ) and otherwise is not None:
            sites.append((node, branches[0], otherwise))
    for node, branch, otherwise in sites:
        parts = (branch.this.left, branch.this.right, branch.args["true"], otherwise)
        node.replace(exp.Anonymous(this="DECODE", expressions=[part.copy() for part in parts]))
    return statement if sites else None


FAULTS = (
    Fault(
        "top",
        "dialect_tsql",
        "T-SQL keeps the first rows by TOP at the beginning.",
        0,
        _top,
        ("It comes from our SQL Server.", "It was written for Microsoft's database."),
    ),
    Fault(
        "datepart",
        "dialect_tsql",
        "T-SQL takes a date apart by DATEPART or YEAR.",
        0,
        _by_text(_YEAR, lambda match: f"DATEPART(year, {match[1]}) = {match[2]}"),
        ("It comes from our SQL Server.",),
    ),
    Fault(
        "isnull",
        "dialect_tsql",
        "T-SQL's ISNULL(x, 0) is COALESCE(x, 0) elsewhere.",
        0,
        _like(r"(?i)\bcoalesce\(", "ISNULL("),
        ("It comes from our SQL Server.",),
    ),
    Fault(
        "year_function",
        "dialect_mysql",
        "MySQL has YEAR() for the year of a date.",
        0,
        _by_text(_YEAR, lambda match: f"YEAR({match[1]}) = {match[2]}"),
        ("It ran on MySQL for years.",),
    ),
    Fault(
        "date_format",
        "dialect_mysql",
        "MySQL writes dates by DATE_FORMAT.",
        0,
        _format({"%Y-%m": "%Y-%m", "%m": "%m", "%Y": "%Y", "%w": "%w"}, "DATE_FORMAT"),
        ("It ran on MySQL for years.",),
    ),
    Fault(
        "left_function",
        "dialect_mysql",
        "LEFT(x, n) takes the first letters in MySQL and T-SQL.",
        0,
        _like(r"((?:\w+\.)?(?:\w+|\"[^\"]+\")) LIKE '(\w)%'", r"LEFT(\1, 1) = '\2'"),
        ("It ran on MySQL for years.",),
    ),
    Fault(
        "integer_div",
        "dialect_mysql",
        "MySQL divides whole numbers by DIV.",
        0,
        _like(r" / ", " DIV "),
        ("It ran on MySQL for years.",),
    ),
    Fault(
        "extract",
        "dialect_postgresql",
        "PostgreSQL, and the standard, take a date apart by EXTRACT.",
        0,
        _by_text(_YEAR, lambda match: f"EXTRACT(YEAR FROM {match[1]}) = {match[2]}"),
        ("It was moved here from PostgreSQL.",),
    ),
    Fault(
        "double_colon",
        "dialect_postgresql",
        "PostgreSQL casts by two colons.",
        0,
        _like(r"((?:\b\w+\.)?\b\w+) (=|>|<|>=|<=|<>) (\d+(?:\.\d+)?)\b", r"\1::numeric \2 \3"),
        ("It was moved here from PostgreSQL.",),
    ),
    Fault(
        "ilike",
        "dialect_postgresql",
        "PostgreSQL's LIKE minds capitals, so people write ILIKE there.",
        0,
        _like(r"\bLIKE\b", "ILIKE"),
        ("It was moved here from PostgreSQL.",),
    ),
    Fault(
        "to_char",
        "dialect_postgresql",
        "PostgreSQL and Oracle write dates by TO_CHAR.",
        0,
        _format({"%Y-%m": "YYYY-MM", "%Y": "YYYY", "%m": "MM"}, "TO_CHAR"),
        ("It was moved here from PostgreSQL.", "It came from Oracle."),
    ),
    Fault(
        "date_trunc",
        "dialect_postgresql",
        "PostgreSQL cuts dates down to their month by date_trunc.",
        0,
        _by_text(
            re.compile(
                r"strftime\('%Y-%m', ((?:\w+\.)?(?:\w+|\"[^\"]+\"))\) = '(\d{4}-\d\d)'", re.IGNORECASE
            ),
            lambda match: f"date_trunc('month', {match[1]}) = '{match[2]}-01'",
        ),
        ("It was moved here from PostgreSQL.",),
    ),
    Fault(
        "fetch_first",
        "dialect_oracle",
        "Oracle, and the standard, keep the first rows by FETCH FIRST.",
        0,
        _by_text(_LIMIT, lambda match: f" FETCH FIRST {match[1]} ROWS ONLY"),
        ("It came from Oracle.",),
    ),
    Fault(
        "minus",
        "dialect_oracle",
        "Oracle calls EXCEPT by the name of MINUS.",
        0,
        _like(r"\bEXCEPT\b", "MINUS"),
        ("It came from Oracle.",),
    ),
    Fault(
        "nvl",
        "dialect_oracle",
        "Oracle's NVL is COALESCE elsewhere.",
        0,
        _like(r"(?i)\bcoalesce\(", "NVL("),
        ("It came from Oracle.",),
    ),
    Fault(
        "rownum",
        "dialect_oracle",
        "Older Oracle counts rows by ROWNUM, before they are sorted.",
        0,
        _by_text(
            re.compile(r"^(SELECT [^()]*? FROM [^()]*? WHERE )([^()]*?)( ORDER BY [^()]*)? LIMIT (\d+)$"),
            lambda match: f"{match[1]}{match[2]} AND ROWNUM <= {match[4]}{match[3] or ''}",
        ),
        ("It came from Oracle.",),
    ),
    Fault(
        "national_text",
        "dialect_tsql",
        "T-SQL marks texts with letters beyond ASCII by an N.",
        0,
        _around_text("N{}"),
        ("It comes from our SQL Server.",),
    ),
    Fault(
        "nolock",
        "dialect_tsql",
        "T-SQL reports read past locks by WITH (NOLOCK).",
        0,
        _nolock,
        ("It comes from our SQL Server.",),
    ),
    Fault(
        "double_ampersand",
        "dialect_mysql",
        "MySQL takes && for AND.",
        0,
        _like(r"\bAND\b", "&&"),
        ("It ran on MySQL for years.",),
    ),
    Fault(
        "any_array",
        "dialect_postgresql",
        "PostgreSQL's drivers compare with = ANY(ARRAY[…]) where SQL has IN.",
        0,
        _any_array,
        ("It was moved here from PostgreSQL.",),
    ),
    Fault(
        "date_literal",
        "dialect_postgresql",
        "PostgreSQL, Oracle and the standard put DATE before a day.",
        0,
        _around_day("DATE {}"),
        ("It was moved here from PostgreSQL.",),
    ),
    Fault(
        "to_date",
        "dialect_oracle",
        "Oracle reads days by TO_DATE.",
        0,
        _around_day("TO_DATE({}, 'YYYY-MM-DD')"),
        ("It came from Oracle.",),
    ),
    Fault(
        "from_dual",
        "dialect_oracle",
        "Oracle selects from dual where there is no table to select from.",
        0,
        _from_dual,
        ("It came from Oracle.",),
    ),
    Fault(
        "decode",
        "dialect_oracle",
        "Oracle's DECODE is a CASE elsewhere.",
        0,
        _decode,
        ("It came from Oracle.",),
    ),
)
