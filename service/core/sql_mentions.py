"""Which names a text mentions that the schema has: what can be said of SQL that is not parsed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot.dialects.sqlite import SQLite

from .schema import Permissions, Schema

MAX_READ = 4_096  # characters of the text

# Texts, comments and the names of functions are passed over.
_NAMES = re.compile(
    r"'[^']*+'?|--[^\n]*+|/\*(?s:.*?)(?:\*/|\Z)|[^\W\d]\w*+(?=\s*\()"
    r'|"(?P<quoted>[^"]++)"|\[(?P<bracketed>[^\]]++)\]|`(?P<ticked>[^`]++)`|(?P<word>[^\W\d]\w*+)'
)
_KEYWORDS = frozenset(
    word for keyword in SQLite.tokenizer_class.KEYWORDS for word in keyword.upper().split() if word.isalpha()
) | {"TABLE", "TRIGGER", "VIEW", "ADD", "BEFORE", "AFTER", "EACH", "ROW", "OF", "IF"}


def mentions(text: str, schema: Schema, permissions: Permissions) -> Iterator[tuple[str, bool]]:
    """Gives each name (casefolded, once) and whether a table that may be read, or a column of one, has it."""
    denied = {name.casefold() for name in permissions.denied}
    tables = [table for table in schema.tables if table.name.casefold() not in denied]
    known = {table.name.casefold() for table in tables}
    known.update(column.name.casefold() for table in tables for column in table.columns)
    seen: set[str] = set()
    for match in _NAMES.finditer(text[:MAX_READ]):
        name = match[match.lastgroup].casefold() if match.lastgroup else ""
        if not name or name in seen:
            continue
        seen.add(name)
        if name in known or match.lastgroup != "word" or name.upper() not in _KEYWORDS:
            yield name, name in known


def mentioned_share(text: str, schema: Schema, permissions: Permissions) -> float:
    """Gives the share of a text's names that are known.

    The statement that they make counts as an unknown one, so it is below 1 even when every name is right.
    """
    found = [is_known for _, is_known in mentions(text, schema, permissions)]
    return sum(found) / (len(found) + 1)
