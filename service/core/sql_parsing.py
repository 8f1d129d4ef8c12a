"""Reading SQL text: its tokens and, statement by statement, its syntax tree.

The parser costs about 15 µs a token, recurses, and reads some constructs again in another way, each level
twice or more. So text is limited before it is parsed, and the parser's steps while it is. A statement takes
then about 0.2 s at most.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any, ClassVar, ParamSpec, TypeVar

from sqlglot import exp
from sqlglot.dialects.sqlite import SQLite
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.sqlite import SQLiteParser
from sqlglot.tokenizer_core import Token, TokenType

P = ParamSpec("P")
R = TypeVar("R")

MAX_BYTES = 100_000
MAX_TOKENS = 2_000
MAX_NESTING = 20  # parentheses, CASEs and prefix operators; deeper overflows Python's stack in the parser
_STEPS_A_TOKEN = 4  # of the parser, forwards or back
_SPARE_STEPS = 6_000  # for what is read again
MAX_QUOTED = 120  # characters of the SQL that a finding repeats

# The parser warns on the log of what an agent may write any time.
logging.getLogger("sqlglot").setLevel(logging.ERROR)

_SQLITE = SQLite()
_OPENING = {TokenType.L_PAREN, TokenType.CASE}
_CLOSING = {TokenType.R_PAREN, TokenType.END}
_PREFIXES = {TokenType.NOT, TokenType.DASH, TokenType.PLUS, TokenType.TILDE}
_CLAUSES = (TokenType.WHERE, TokenType.GROUP_BY, TokenType.HAVING, TokenType.ORDER_BY, TokenType.LIMIT)
_CLAUSE_NAMES = ("WHERE", "GROUP BY", "HAVING", "ORDER BY", "LIMIT")
_BEGINNING = {
    TokenType.SELECT,
    TokenType.UNION,
    TokenType.EXCEPT,
    TokenType.INTERSECT,
    TokenType.SET,
    TokenType.FROM,
}
# Something must stand between one of these and one of those; the parser lets it be left out.
_LISTING = {TokenType.SELECT, TokenType.COMMA, TokenType.GROUP_BY, TokenType.PARTITION_BY}
_BEHIND_LISTS = {
    *(TokenType.COMMA, TokenType.R_PAREN, TokenType.FROM, *_CLAUSES),
    *(TokenType.UNION, TokenType.EXCEPT, TokenType.INTERSECT),
}
_NAMES = {TokenType.STRING, TokenType.IDENTIFIER}
_QUANTIFIERS = {TokenType.DISTINCT, TokenType.ALL}
_PARAMETERS = ("?", "@", "$", ":")  # what they begin with
_READING = {"SELECT", "WITH", "VALUES", "("}
_WRITING = {"INSERT", "UPDATE", "DELETE"}
_OTHER = {
    *("ALTER", "ANALYZE", "ATTACH", "BEGIN", "CALL", "COMMIT", "COPY", "CREATE", "DETACH", "DROP", "END"),
    *("EXEC", "EXECUTE", "GRANT", "MERGE", "PRAGMA", "REINDEX", "RELEASE", "REVOKE", "ROLLBACK", "SAVEPOINT"),
    *("SET", "SHOW", "START", "TRUNCATE", "USE", "VACUUM", "DESCRIBE", "DESC", "EXPLAIN", "REPLACE"),
}
# Counts tokens before they are made, which takes a second for 100 KB; an operator may count as two.
_ROUGH_TOKEN = re.compile(r"'[^']*+'?|\"[^\"]*+\"?|--[^\n]*+|/\*(?s:.*?)(?:\*/|\Z)|\w+|[^\w\s]")
# Forms of SQLite that the parser lacks, and the plain forms that name the same tables and columns.
_PLAIN_FORMS = (
    (re.compile(r"(?<![\w$])\ufeff"), " "),  # a byte order mark, which within a name is a part of it
    (re.compile(r"\A\s*EXPLAIN\s+QUERY\s+PLAN\b", re.I), ""),
    (re.compile(r"\b(INSERT\s+OR\s+)?REPLACE\s+INTO\b", re.I), "INSERT INTO"),
    (re.compile(r"\bUPDATE\s+OR\s+(ABORT|FAIL|IGNORE|REPLACE|ROLLBACK)\b", re.I), "UPDATE"),
)


class UnreadableSqlError(Exception):
    """The text is not SQL, or more of it than is read; `where` is the part that is to blame."""

    def __init__(self, message: str, where: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where[:MAX_QUOTED]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: its first word in capitals, and its tree where it reads or writes rows."""

    keyword: str
    tokens: Sequence[Token]
    tree: exp.Expr | None


@dataclass(frozen=True, slots=True)
class SqlText:
    """SQL as it is parsed, and its tokens."""

    text: str
    tokens: Sequence[Token]

    def statements(self) -> tuple[Statement, ...]:
        """Parses the statements, of which there is at least one. Raises UnreadableSqlError."""
        chunks = [
            list(chunk)
            for is_end, chunk in groupby(self.tokens, lambda token: token.token_type is TokenType.SEMICOLON)
            if not is_end
        ]
        if not chunks:
            raise UnreadableSqlError("There is no statement; write one SELECT.")
        spare = _SPARE_STEPS // len(chunks)
        return tuple(self._statement(chunk, _STEPS_A_TOKEN * len(chunk) + spare) for chunk in chunks)

    def quote(self, node: exp.Expr) -> str:
        """Gives the text of a node, a call's with its arguments; empty for a node without names."""
        spans = [part.meta for part in node.walk() if "start" in part.meta]
        if not spans:
            return ""
        start, end = min(span["start"] for span in spans), max(span["end"] for span in spans)
        if isinstance(node, exp.Func) or isinstance(node.this, exp.Func):
            end = max(end, self._call_end(start))
        return shortened(self.text[start : end + 1])

    def is_double_quoted(self, node: exp.Expr) -> bool:
        """Says whether a column is written "so" without its table, as some dialects write a text."""
        if not isinstance(node, exp.Column) or node.args.get("table") or node.is_star:
            return False
        return self.text.startswith('"', node.this.meta.get("start", len(self.text)))

    def _call_end(self, start: int) -> int:
        depth = 0
        for token in self.tokens:
            if token.start <= start:
                continue
            depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
            if depth <= 0:
                return token.end
        return start

    def _statement(self, tokens: list[Token], max_steps: int) -> Statement:
        keyword = tokens[0].text.upper()
        if keyword in _OTHER:
            return Statement(keyword, tokens, None)
        if keyword not in _READING | _WRITING:
            raise UnreadableSqlError(f"No statement begins with {tokens[0].text[:40]!r}; write one SELECT.")
        disorder = _disorder(tokens)
        if disorder:
            raise UnreadableSqlError(f"{disorder[0]} stands behind {disorder[1]}; SQL wants it before.")
        parameter = _parameter(tokens)
        if parameter:
            raise UnreadableSqlError("Parameters have no value here; write the value.", parameter)
        trees = _parse(tokens, self.text, max_steps)
        gap = _gap(tokens)
        if gap:
            raise UnreadableSqlError(f"Nothing stands behind {gap!r}; write what belongs there.", gap)
        if len(trees) != 1 or not isinstance(trees[0], exp.Query | exp.Values | exp.DML):
            raise UnreadableSqlError("This is not a whole statement; write one SELECT.")
        return Statement(keyword, tokens, trees[0])


def read_sql(sql: str) -> SqlText:
    """Splits SQL into tokens. Raises UnreadableSqlError, also for what is too long or nested too deeply."""
    if len(sql.encode(errors="replace")) > MAX_BYTES:
        raise UnreadableSqlError(f"The SQL is longer than {MAX_BYTES:,} bytes; write a shorter statement.")
    if "\0" in sql:
        raise UnreadableSqlError("The SQL holds a NUL character, where SQLite stops reading; leave it out.")
    if sum(1 for _ in islice(_ROUGH_TOKEN.finditer(sql), 2 * MAX_TOKENS + 1)) > 2 * MAX_TOKENS:
        raise UnreadableSqlError(f"The SQL has more than {MAX_TOKENS:,} words; write a shorter statement.")
    text = sql
    for form, plain in _PLAIN_FORMS:
        text = form.sub(plain, text)
    try:
        text, tokens = _tokens(text)
    except TokenError:
        raise UnreadableSqlError("A quote is not closed; close it.") from None
    if len(tokens) > MAX_TOKENS:
        raise UnreadableSqlError(f"The SQL has more than {MAX_TOKENS:,} words; write a shorter statement.")
    if max(_nesting(tokens), default=0) > MAX_NESTING:
        raise UnreadableSqlError(f"The SQL is nested more than {MAX_NESTING} deep; use WITH instead.")
    return SqlText(text, tokens)


def _tokens(text: str) -> tuple[str, list[Token]]:
    """Gives the text, with an end for a comment that is open, and its tokens. Raises TokenError."""
    try:
        return text, _SQLITE.tokenize(text)
    except TokenError:
        text += "*/"
        return text, _SQLITE.tokenize(text)


def shortened(text: str) -> str:
    """Gives SQL on one line, cut to what a finding repeats."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_QUOTED else line[: MAX_QUOTED - 1] + "…"


def _nesting(tokens: Sequence[Token]) -> Iterator[int]:
    """Gives the depth at each token: what is open, and the prefix operators that stand in a row."""
    depth = prefixes = 0
    for token in tokens:
        depth += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
        prefixes = prefixes + 1 if token.token_type in _PREFIXES else 0
        yield depth + prefixes


def _disorder(tokens: Sequence[Token]) -> tuple[str, str] | None:
    """Gives a clause and one that stands before it but must not; the parser takes them in any order."""
    reached = [-1]  # by depth, the last clause of the SELECT there
    for token in tokens:
        kind = token.token_type
        if kind in _OPENING:
            reached.append(-1)
        elif kind in _CLOSING:
            if len(reached) > 1:
                reached.pop()
        elif kind in _BEGINNING:
            reached[-1] = -1
        elif kind in _CLAUSES:
            place = _CLAUSES.index(kind)
            if place < reached[-1]:
                return _CLAUSE_NAMES[place], _CLAUSE_NAMES[reached[-1]]
            reached[-1] = place
    return None


def _parameter(tokens: Sequence[Token]) -> str:
    """Gives how a parameter begins; empty when there is none."""
    for token in tokens:
        is_other = token.token_type in _NAMES or token.token_type is TokenType.DCOLON
        if not is_other and token.text.startswith(_PARAMETERS):
            return token.text
    return ""


def _gap(tokens: Sequence[Token]) -> str:
    """Gives a word or comma with nothing behind it that belongs there; empty when there is none."""
    before: Token | None = None
    for token in (*tokens, None):
        if before and before.token_type in _LISTING and (not token or token.token_type in _BEHIND_LISTS):
            return before.text.upper()
        if not token or token.token_type not in _QUANTIFIERS:
            before = token
    return ""


def _if(arguments: list[exp.Expr]) -> exp.Expr:
    if len(arguments) > 3:  # pairs of a condition and a value
        return exp.Anonymous(this="IIF", expressions=arguments)
    found: exp.Expr = exp.If.from_arg_list(arguments)
    return found


class _BoundedParser(SQLiteParser):
    """SQLite's parser, which stops when it reads the same tokens again and again.

    Two such ways are closed. The parser looks for a second ON behind each JOIN that has none, as in
    `a JOIN b JOIN c ON … ON …`; SQLite has no such form, so tables joined without ON are a cross join and
    nothing is looked for. And it reads the call of a function that is named like a type, as date(), as a type
    first; where that was no type it is not tried again.

    It also reads what SQLite alone has: iif() of several conditions, and types of any words.
    """

    __slots__ = ("_is_in_join", "_no_types", "_steps_left")

    FUNCTIONS: ClassVar = {
        **SQLiteParser.FUNCTIONS,
        "IIF": _if,
        "JSONB_EXTRACT": SQLiteParser.FUNCTIONS["JSON_EXTRACT"],
    }

    def __init__(self, max_steps: int) -> None:
        super().__init__(dialect=_SQLITE)
        self._steps_left = max_steps
        self._is_in_join = False
        self._no_types: set[tuple[int, bool, bool, bool, bool]] = set()

    def _advance(self, times: int = 1) -> None:
        self._steps_left -= 1
        if self._steps_left < 0:
            raise UnreadableSqlError("The SQL is too involved to be read; write it in a simpler way.")
        super()._advance(times)

    def _parse_join(self, *args: Any, **kwargs: Any) -> exp.Join | None:
        return self._within(True, super()._parse_join, *args, **kwargs)

    def _parse_table(self, *args: Any, **kwargs: Any) -> exp.Expr | None:
        return self._within(False, super()._parse_table, *args, **kwargs)

    def _parse_disjunction(self) -> exp.Expr | None:
        return self._within(False, super()._parse_disjunction)

    def _parse_if(self) -> exp.Expr | None:
        if self._match(TokenType.L_PAREN, advance=False):
            return self.validate_expression(_if(self._parse_wrapped_csv(self._parse_disjunction)))
        return super()._parse_if()

    def _parse_cast(self, strict: bool, safe: bool | None = None) -> exp.Expr:
        this = self._parse_disjunction()
        if not self._match(TokenType.ALIAS):
            self.raise_error("Expected AS after CAST")
        start = self._index
        while self._curr.token_type in _NAMES or self._curr.text[:1].isidentifier():
            self._advance()
        words = " ".join(token.text for token in self._tokens[start : self._index])
        if self._match(TokenType.L_PAREN):
            self._parse_csv(self._parse_unary)
            self._match_r_paren()
        kind = exp.DataType(this=exp.DType.USERDEFINED, kind=words)
        return self.build_cast(strict=strict, this=this, to=kind, safe=safe)

    def _parse_joins(self, *args: Any, **kwargs: Any) -> Iterator[exp.Join]:
        return iter(()) if self._is_in_join else super()._parse_joins(*args, **kwargs)

    def _parse_types(
        self,
        check_func: bool = False,
        schema: bool = False,
        allow_identifiers: bool = True,
        with_collation: bool = False,
    ) -> exp.Expr | None:
        tried = (self._index, check_func, schema, allow_identifiers, with_collation)
        if tried in self._no_types:
            return None
        found = super()._parse_types(check_func, schema, allow_identifiers, with_collation)
        if found is None and self._index == tried[0]:
            self._no_types.add(tried)
        return found

    def _within(self, is_in_join: bool, parse: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        before, self._is_in_join = self._is_in_join, is_in_join
        try:
            return parse(*args, **kwargs)
        finally:
            self._is_in_join = before


def _parse(tokens: list[Token], text: str, max_steps: int) -> list[exp.Expr | None]:
    try:
        return list(_BoundedParser(max_steps).parse(tokens, text))
    except UnreadableSqlError:
        raise
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        where = "".join(first.get(part) or "" for part in ("highlight", "end_context"))
        near = f" near {first['highlight']!r}" if first.get("highlight") else ""
        raise UnreadableSqlError(
            f"The SQL does not parse{near}; correct the syntax there.", shortened(where)[:40]
        ) from None
    except RecursionError:
        raise UnreadableSqlError("The SQL is nested too deeply; use WITH instead.") from None
    except Exception:
        # The parser stumbles over some broken text with errors of other kinds (AttributeError, ValueError).
        raise UnreadableSqlError("The SQL does not parse; correct its syntax.") from None
