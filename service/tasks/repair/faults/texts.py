"""Faults of writing: statements that no parser takes, or that mean something else as they are written."""

from __future__ import annotations

import re
from random import Random

from sqlglot import exp

from ....core.schema import Schema
from ...databases.lexicon import Lexicon
from ..fault import Broken, Fault
from ..writing import written

_TYPOS = {
    "SELECT": ("SELCT", "SELET"),
    "FROM": ("FORM", "FRON"),
    "WHERE": ("WEHRE", "WHER"),
    "GROUP BY": ("GROUP", "GRUOP BY"),
    "ORDER BY": ("ORDER", "ODER BY"),
    "HAVING": ("HAVNG",),
    "LIMIT": ("LIMT",),
    "DISTINCT": ("DISTNCT",),
    "BETWEEN": ("BETWEN",),
}
_TEXT = re.compile(r"'(?:[^']|'')*'")


def _texts(text: str) -> list[re.Match[str]]:
    """Gives the text constants of a statement, those with a dialect's mark before them left out."""
    return [each for each in _TEXT.finditer(text) if not text[: each.start()][-1:].isalnum()]


def _replace_one(text: str, pattern: str, replacement: str, rng: Random) -> str | None:
    """Replaces one match outside of quotes."""
    quoted = [(each.start(), each.end()) for each in re.finditer(r"'(?:[^']|'')*'|\"[^\"]*\"", text)]
    matches = [
        each
        for each in re.finditer(pattern, text)
        if not any(start < each.end() and each.start() < end for start, end in quoted)
    ]
    if not matches:
        return None
    match = rng.choice(matches)
    return text[: match.start()] + match.expand(replacement) + text[match.end() :]


def _keyword_typo(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    text = written(statement)
    there = [word for word in _TYPOS if re.search(rf"\b{word}\b", text)]
    if not there:
        return None
    word = rng.choice(there)
    return _replace_one(text, rf"\b{word}\b", rng.choice(_TYPOS[word]), rng)


def _missing_comma(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    return _replace_one(written(statement), r", ", " ", rng)


def _trailing_comma(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    return _replace_one(written(statement), r" FROM\b", ", FROM", rng)


def _missing_parenthesis(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    return _replace_one(written(statement), r"\)", "", rng)


def _missing_and(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    if not statement.find(exp.And):
        return None
    return _replace_one(written(statement), r" AND\b", "", rng)


def _open_text(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    text = written(statement)
    matches = _texts(text)
    if not matches:
        return None
    end = rng.choice(matches).end()
    return text[: end - 1] + text[end:]


def _bare_apostrophe(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    text = written(statement)
    matches = [each for each in _texts(text) if "''" in each.group()[1:-1]]
    if not matches:
        return None
    match = rng.choice(matches)
    return text[: match.start()] + match.group().replace("''", "'") + text[match.end() :]


def _double_quoted_text(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    text = written(statement)
    matches = [each for each in _texts(text) if '"' not in each.group() and "''" not in each.group()]
    matches = [each for each in matches if not each.group().startswith("'%")]
    if not matches:
        return None
    match = rng.choice(matches)
    return f'{text[: match.start()]}"{match.group()[1:-1]}"{text[match.end() :]}'


def _unquoted_text(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    text = written(statement)
    matches = [each for each in _texts(text) if each.group()[1:-1].isidentifier()]
    if not matches:
        return None
    match = rng.choice(matches)
    return text[: match.start()] + match.group()[1:-1] + text[match.end() :]


def _unquoted_name(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    return _replace_names(written(statement), rng)


def _replace_names(text: str, rng: Random) -> str | None:
    names = [each for each in re.finditer(r'"[^"]+"', text) if not _inside_text(text, each.start())]
    if not names:
        return None
    match = rng.choice(names)
    return text[: match.start()] + match.group()[1:-1] + text[match.end() :]


def _inside_text(text: str, place: int) -> bool:
    return any(each.start() < place < each.end() for each in _TEXT.finditer(text))


def _limit_before_order(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    return _replace_one(written(statement), r"(ORDER BY [^()]*?) (LIMIT \d+)$", r"\2 \1", rng)


def _where_after_group(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    text = written(statement)
    match = re.search(r"(WHERE [^()]*?) (GROUP BY [^()]*?)(?= HAVING| ORDER| LIMIT|$)", text)
    return text[: match.start()] + f"{match[2]} {match[1]}" + text[match.end() :] if match else None


def _semicolon(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    """A semicolon in the middle makes two statements of one."""
    return _replace_one(written(statement), r" (WHERE|GROUP BY|ORDER BY|LIMIT)\b", r"; \1", rng)


FAULTS = (
    Fault("keyword_typo", "syntax", "A keyword is misspelt or half of it missing.", 0, _keyword_typo),
    Fault(
        "missing_comma",
        "syntax",
        "Without the comma between two columns, SQL takes the second for the first one's new name.",
        1,
        _missing_comma,
    ),
    Fault(
        "trailing_comma",
        "syntax",
        "The last column was deleted, and its comma stayed.",
        0,
        _trailing_comma,
        ("I took one column out.",),
    ),
    Fault(
        "missing_parenthesis",
        "syntax",
        "One parenthesis less is closed than was opened.",
        0,
        _missing_parenthesis,
    ),
    Fault(
        "missing_and",
        "syntax",
        "Two conditions stand one after the other with nothing between them.",
        0,
        _missing_and,
        ("I added a condition in a hurry.",),
    ),
    Fault("open_text", "quoting", "The quote at the end of a text is missing.", 0, _open_text),
    Fault(
        "bare_apostrophe",
        "quoting",
        "An apostrophe in a name ends the text unless it is doubled.",
        0,
        _bare_apostrophe,
    ),
    Fault(
        "double_quoted_text",
        "quoting",
        "Text in double quotes, as MySQL takes it, names a column in standard SQL.",
        0,
        _double_quoted_text,
        ("It runs on our old MySQL server.",),
    ),
    Fault(
        "unquoted_text",
        "quoting",
        "A text without quotes is taken for a column.",
        0,
        _unquoted_text,
    ),
    Fault(
        "unquoted_name",
        "quoting",
        "A name with a blank, or one that is a keyword, needs double quotes.",
        0,
        _unquoted_name,
    ),
    Fault(
        "limit_before_order",
        "clause_order",
        "LIMIT is written where one thinks of it, but has to come last.",
        0,
        _limit_before_order,
    ),
    Fault(
        "where_after_group",
        "clause_order",
        "A condition is added at the end, behind GROUP BY.",
        0,
        _where_after_group,
        ("I added the condition later.",),
    ),
    Fault(
        "semicolon_inside",
        "syntax",
        "A semicolon in the middle, left from testing the first half, ends the statement there.",
        0,
        _semicolon,
        ("I had run the first half by itself.",),
    ),
)
