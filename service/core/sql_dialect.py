"""Functions and idioms of other SQL dialects that SQLite lacks, and what SQLite has instead."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from sqlglot.tokenizer_core import Token, TokenType

# Functions that SQLite has, by the page of https://sqlite.org that describes them.
_FUNCTIONS = {
    "lang_corefunc": "ABS CHANGES CHAR COALESCE CONCAT CONCAT_WS FORMAT GLOB HEX IF IFNULL IIF INSTR"
    " LAST_INSERT_ROWID LENGTH LIKE LIKELIHOOD LIKELY LOWER LTRIM MATCH MAX MIN NULLIF OCTET_LENGTH PRINTF"
    " QUOTE RAISE RANDOM RANDOMBLOB REPLACE ROUND RTRIM SIGN SQLITE_SOURCE_ID SQLITE_VERSION SUBSTR"
    " SUBSTRING TOTAL_CHANGES TRIM TYPEOF UNHEX UNICODE UNISTR UNISTR_QUOTE UNLIKELY UPPER ZEROBLOB",
    "lang_aggfunc": "AVG COUNT GROUP_CONCAT MEDIAN PERCENTILE PERCENTILE_CONT PERCENTILE_DISC STRING_AGG"
    " SUM TOTAL",
    "windowfunctions": "CUME_DIST DENSE_RANK FIRST_VALUE LAG LAST_VALUE LEAD NTH_VALUE NTILE PERCENT_RANK"
    " RANK ROW_NUMBER",
    "lang_datefunc": "CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP DATE DATETIME JULIANDAY STRFTIME TIME"
    " TIMEDIFF UNIXEPOCH",
    "lang_mathfunc": "ACOS ACOSH ASIN ASINH ATAN ATAN2 ATANH CEIL CEILING COS COSH DEGREES EXP FLOOR LN"
    " LOG LOG10 LOG2 MOD PI POW POWER RADIANS SIN SINH SQRT TAN TANH TRUNC",
    "json1": "JSON JSONB JSONB_ARRAY JSONB_ARRAY_INSERT JSONB_EXTRACT JSONB_GROUP_ARRAY JSONB_GROUP_OBJECT"
    " JSONB_INSERT JSONB_OBJECT JSONB_PATCH JSONB_REMOVE JSONB_REPLACE JSONB_SET JSON_ARRAY"
    " JSON_ARRAY_INSERT JSON_ARRAY_LENGTH JSON_EACH JSON_ERROR_POSITION JSON_EXTRACT JSON_GROUP_ARRAY"
    " JSON_GROUP_OBJECT JSON_INSERT JSON_OBJECT JSON_PATCH JSON_PRETTY JSON_QUOTE JSON_REMOVE JSON_REPLACE"
    " JSON_SET JSON_TREE JSON_TYPE JSON_VALID",
}
SQLITE_FUNCTIONS = frozenset(name for names in _FUNCTIONS.values() for name in names.split())
# Without max() and min(), which are none for several values.
AGGREGATE_FUNCTIONS = frozenset(_FUNCTIONS["lang_aggfunc"].split())
# Those that the sandbox refuses all the same.
_REFUSED = (
    "CHANGES JSONB_GROUP_ARRAY JSONB_GROUP_OBJECT JSONB_PATCH JSON_PATCH JSON_PRETTY LAST_INSERT_ROWID RAISE"
    " RANDOM RANDOMBLOB SQLITE_SOURCE_ID SQLITE_VERSION TOTAL_CHANGES UNHEX ZEROBLOB"
)
REFUSED_FUNCTIONS = frozenset(_REFUSED.split())

# The words of https://sqlite.org/lang_keywords.html that an opening parenthesis may follow.
_WORDS_BEFORE_PARENTHESES = (
    "ALL AND ANY AS BETWEEN BY CASE CAST CHECK COLLATE CONFLICT DEFAULT DISTINCT DO ELSE ESCAPE EXCEPT"
    " EXISTS FILTER FROM GLOB HAVING IN INTERSECT INTO IS JOIN KEY LIKE LIMIT MATCH MATERIALIZED NOT"
    " NOTNULL OFFSET ON OR OVER PRIMARY REGEXP RETURNING SELECT SET SOME THEN UNION UNIQUE USING VALUES"
    " WHEN WHERE WITH"
)
_KEYWORDS = frozenset(_WORDS_BEFORE_PARENTHESES.split())

# What SQLite has instead of functions of MySQL, PostgreSQL, SQL Server, Oracle and the warehouses.
_GROUP_CONCAT = "group_concat(x, ', ')"
_SUBSTR = "substr(x, start, length)"
_ADD_TO_DATE = "date(x, '+1 day') with the modifier that you need"
_FOREIGN_FUNCTIONS = {
    "ifnull(a, b)": "NVL ISNULL ZN",
    "CASE": "NVL2 DECODE CHOOSE",
    "datetime('now')": "GETDATE NOW SYSDATE SYSDATETIME GETUTCDATE",
    "date('now')": "CURDATE TODAY",
    "time('now')": "CURTIME",
    "strftime() with a format such as '%Y'": "DATE_FORMAT TO_CHAR FORMAT_DATE TIME_FORMAT DATENAME EXTRACT"
    " DATE_PART DATEPART DATE_TRUNC YEAR QUARTER MONTH WEEK DAY HOUR MINUTE SECOND DAYOFWEEK DAYOFMONTH"
    " DAYOFYEAR WEEKDAY MONTHNAME DAYNAME",
    _ADD_TO_DATE: "DATE_ADD DATE_SUB DATEADD ADD_MONTHS ADDDATE SUBDATE LAST_DAY EOMONTH",
    "julianday(a) - julianday(b)": "DATEDIFF DATE_DIFF TIMESTAMPDIFF MONTHS_BETWEEN AGE",
    "date() on text such as '2024-12-31'": "STR_TO_DATE TO_DATE TO_TIMESTAMP PARSE_DATE STRPTIME",
    "CAST(x AS type)": "CONVERT TRY_CAST TRY_CONVERT SAFE_CAST TO_NUMBER",
    _GROUP_CONCAT: "LISTAGG ARRAY_AGG COLLECT_LIST",
    _SUBSTR: "LEFT MID SUBSTRING_INDEX SPLIT_PART",
    "substr(x, -length)": "RIGHT",
    "length(x)": "LEN CHAR_LENGTH CHARACTER_LENGTH DATALENGTH",
    "instr(text, part)": "CHARINDEX POSITION LOCATE STRPOS",
    "upper(x)": "UCASE",
    "lower(x)": "LCASE",
    "format()": "LPAD RPAD REPEAT SPACE",
    "LIKE, GLOB or replace()": "REGEXP_REPLACE REGEXP_LIKE REGEXP_MATCHES REGEXP_SUBSTR",
    "max(a, b)": "GREATEST",
    "min(a, b)": "LEAST",
    "trunc(x) or round(x, digits)": "TRUNCATE",
    "a / nullif(b, 0)": "SAFE_DIVIDE DIV0",
    "avg(x * x) - avg(x) * avg(x), and sqrt() of it": "STDDEV STDEV STDDEV_POP STDDEV_SAMP VARIANCE"
    " VAR_POP VAR_SAMP",
    "UNION ALL of the groupings": "ROLLUP CUBE",
    "count(x)": "COUNT_BIG",
    "json_extract(x, '$.path')": "JSON_VALUE JSON_QUERY",
}
_INSTEAD = {name: instead for instead, names in _FOREIGN_FUNCTIONS.items() for name in names.split()}

# Idioms as patterns over the words of a statement, in capitals and one space apart, where ' stands for a
# text, "" for a quoted name and 0 for a number.
_IDIOMS = tuple(
    (re.compile(rf"(?<!\S)(?:{pattern})(?!\S)"), instead)
    for pattern, instead in (
        (r"ILIKE", "use LIKE, which ignores the case of ASCII letters"),
        (r"RLIKE|REGEXP|SIMILAR TO", "use LIKE or GLOB"),
        (r"::", "use CAST(x AS type)"),
        (r"SELECT (?:(?:DISTINCT|ALL) )?TOP(?= (?:0|\())", "use LIMIT at the end"),
        (r"FETCH (?:FIRST|NEXT)", "use LIMIT"),
        (r"LIMIT ALL", "leave it out"),
        (r"OFFSET 0 ROWS?", "use LIMIT with OFFSET"),
        (r"INTERVAL (?:'|0)", f"use {_ADD_TO_DATE}"),
        (r"(?:DATE|TIMESTAMP|DATETIME|TIME) '", "use the text alone"),
        (r"DISTINCT ON(?= \()", "use GROUP BY or row_number()"),
        (r"DIV(?= (?:0|\())", "use / between integers"),
        (
            r"(?<!UNION )(?<!EXCEPT )(?<!INTERSECT )(?<!SELECT )(?:ANY|ALL|SOME)(?= \( SELECT)",
            "use IN or EXISTS",
        ),
        (r"(?:EXCEPT|INTERSECT) ALL", "leave out ALL: SQLite drops duplicates there"),
        (r"MINUS(?= SELECT)", "use EXCEPT"),
        (r"(?<=\* )EXCEPT(?= \( (?!SELECT|VALUES|WITH))", "name the columns that you need"),
        (r"UNION DISTINCT", "use UNION"),
        (r"\A\((?= SELECT)|(?<=(?:UNION|XCEPT|RSECT|N ALL) )\((?= SELECT)", "write that SELECT without them"),
        (r"QUALIFY", "use a sub-query with WHERE"),
        (r"LATERAL|(?:CROSS|OUTER) APPLY", "use a join or a correlated sub-query"),
        (r"(?:UN)?PIVOT(?= \()", "use sum(CASE WHEN … THEN … END)"),
        (r"WITH ROLLUP|GROUPING SETS", "use UNION ALL of the groupings"),
        (r"FOR UPDATE|WITH \( NOLOCK \)", "leave it out: a statement is alone with its database"),
        (r"TABLESAMPLE", "use LIMIT"),
        (r"(?<=\( )(?:BOTH|LEADING|TRAILING)(?= (?:' )?FROM)", "use trim(x, y), ltrim(x, y) or rtrim(x, y)"),
        (r"SUBSTRING \( [^ ]+ FROM", f"use {_SUBSTR}"),
        (r"ON DUPLICATE KEY", "use ON CONFLICT (column) DO UPDATE"),
        (r"INSERT IGNORE", "use INSERT OR IGNORE"),
        (r"FROM DUAL", "leave it out"),
        (r"(?<=' )\+|\+(?= ')", "write || between them"),
    )
)
_UNNAMED = {"(": "parentheses around a SELECT of a UNION", "+": "+ for texts"}
_CALL = re.compile(r"(?<!\S)([A-Z_][A-Z0-9_$]*) \(")
_TYPE = re.compile(r"(?<!\S)AS (?:[A-Z_][A-Z0-9_$]* ){1,5}\( 0 (?:, 0 )?\)(?= \))")  # in a CAST
_NO_CALL_AFTER = {"INTO", "UPDATE", "TABLE", "REFERENCES", "FROM", "JOIN", "AS", ".", "VIEW", "INDEX"}
_STANDINS = {TokenType.STRING: "'", TokenType.IDENTIFIER: '""', TokenType.NUMBER: "0"}


def foreign_idioms(tokens: Sequence[Token], text: str) -> Iterator[tuple[str, str]]:
    """Gives (part of the text, message) for all that SQLite lacks, in the order of `tokens`' text."""
    words = [_STANDINS.get(token.token_type) or token.text.upper() for token in tokens]
    starts, line = _joined(words)
    found: dict[int, tuple[int, str]] = {}  # by the first token: the last one, and what is wrong
    inside: set[int] = set()
    for pattern, instead in _IDIOMS:
        for match in pattern.finditer(line):
            first, last = _ends(starts, match)
            what = _span(tokens, text, first, last)
            what = _UNNAMED.get(what) or what.upper()
            found[first] = last, f"SQLite has no {what}; {instead}."
            inside.update(range(first, last + 1))
    for match in _TYPE.finditer(line):
        first, last = _ends(starts, match)
        inside.update(range(first, last + 1))
    for match in _CALL.finditer(line):
        at = bisect_right(starts, match.start()) - 1
        message = "" if at in inside else _unknown_call(words, at, tokens[at].text)
        if message:
            found[at] = at, message
    for first, (last, message) in sorted(found.items()):
        yield _span(tokens, text, first, last), message


def _span(tokens: Sequence[Token], text: str, first: int, last: int) -> str:
    return " ".join(text[tokens[first].start : tokens[last].end + 1].split())


def _ends(starts: Sequence[int], match: re.Match[str]) -> tuple[int, int]:
    """Gives the first and the last of the words that a match is of."""
    return bisect_right(starts, match.start()) - 1, bisect_right(starts, match.end() - 1) - 1


def _joined(words: Sequence[str]) -> tuple[list[int], str]:
    """Gives where each word starts on the line that they make."""
    starts, at = [], 0
    for word in words:
        starts.append(at)
        at += len(word) + 1
    return starts, " ".join(words)


def _unknown_call(words: Sequence[str], at: int, name: str) -> str:
    """Says what is wrong with the call of a function; empty when nothing is, or when it is no call."""
    word = words[at]
    if (at and words[at - 1] in _NO_CALL_AFTER) or _is_cte(words, at):
        return ""
    if word in _INSTEAD:
        return f"SQLite has no function {name}(); use {_INSTEAD[word]}."
    if word in REFUSED_FUNCTIONS:
        return f"{name}() may not be called; leave it out."
    if word in SQLITE_FUNCTIONS or word.split()[-1] in _KEYWORDS:
        return ""
    return f"SQLite has no function {name}(); use one that it has."


def _is_cte(words: Sequence[str], at: int) -> bool:
    """Says whether the words from `at` read `name (a, b) AS (`, as in a WITH clause."""
    depth = 0
    for place in range(at + 1, len(words)):
        depth += (words[place] == "(") - (words[place] == ")")
        if depth == 0:
            after = [word for word in words[place + 1 : place + 5] if word not in {"NOT", "MATERIALIZED"}]
            return after[:2] == ["AS", "("]
    return False
