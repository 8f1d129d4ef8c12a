"""The rows that a question is about: a table's rows that meet conditions, as SQL and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...core.execution import Row, Value
from ..databases.lexicon import ColumnWords, Link, TableWords
from ..ground import Ground
from .english import listed, plural
from .statement import Select, column, finished, joined, nested, source


@dataclass(frozen=True, slots=True)
class Population:
    """Rows of one table. `own` are phrases behind the noun, `last` is one that may hold other nouns.

    `aliases` are all that the statement uses, so that a further table gets one of its own. Joins lead to
    parents only, so there is one row in the result for each row of the table.
    """

    ground: Ground
    words: TableWords
    alias: str
    rows: Select
    aliases: tuple[str, ...]
    own: tuple[str, ...] = ()
    last: str = ""
    last_of_one: str = ""  # `last` behind the singular, where it is another

    @classmethod
    def of(cls, ground: Ground, words: TableWords, taken: Sequence[str] = ()) -> Population:
        """Gives all rows of a table that count; `taken` are aliases of the statement it will stand in."""
        alias = free_alias(words.table, taken)
        rules = tuple(
            condition.replace("{t}.", column(alias))
            for table, condition in ground.always
            if table == words.table
        )
        rows = Select(("count(*)",), source(words.table, alias), where=rules)
        return cls(ground, words, alias, rows, (*taken, alias))

    @property
    def many(self) -> str:
        """The rows in the plural: "patients living in Oslo"."""
        return self._told(self.words.plural, self.last)

    @property
    def one(self) -> str:
        """One of the rows, without an article: "patient living in Oslo"."""
        return self._told(self.words.singular, self.last_of_one or self.last)

    @property
    def described(self) -> bool:
        """The rows meet conditions."""
        return bool(self.own or self.last)

    @property
    def who(self) -> str:
        """The relative pronoun for a row."""
        return "who" if self.words.person else "that"

    def _told(self, noun: str, last: str) -> str:
        flags = [p for p in self.own if p.startswith(("that ", "who "))]
        others = [p for p in self.own if not p.startswith(("that ", "who "))]
        phrases = [*flags, *others, *([last] if last else [])]
        if self.words.person:
            phrases = ["who" + p.removeprefix("that") if p.startswith("that ") else p for p in phrases]
        return f"{noun} {listed(phrases)}" if phrases else noun

    def column(self, name: str) -> str:
        """Writes a column of the table."""
        return column(self.alias, name)

    @property
    def key(self) -> str:
        """Writes the table's key; empty where it has none of one column."""
        names = self.ground.key(self.words.table)
        return self.column(names[0]) if len(names) == 1 else ""

    def meeting(self, condition: str, phrase: str, *, last: bool = False) -> Population:
        """Gives those rows that meet a further condition."""
        if last:
            return replace(self, rows=self.rows.also(condition), last=phrase)
        return replace(self, rows=self.rows.also(condition), own=(*self.own, phrase))

    def linked(self, link: Link, parent: Population, phrase: str, phrase_of_one: str) -> Population:
        """Gives those rows whose parent, a population with aliases made beside these, is one of `parent`.

        The phrases speak of the parents of several rows, and of the parent of one.
        """
        pairs = list(
            zip(
                (parent.column(name) for name in link.parent_columns),
                (self.column(name) for name in link.columns),
                strict=True,
            )
        )
        join = joined(parent.words.table, parent.alias, pairs)
        rows = replace(
            self.rows,
            joins=(*self.rows.joins, join, *parent.rows.joins),
            where=(*self.rows.where, *parent.rows.where),
        )
        last, of_one = link.of.replace("{}", phrase), link.of.replace("{}", phrase_of_one)
        return replace(self, rows=rows, aliases=parent.aliases, last=last, last_of_one=of_one)

    def counted(self) -> int:
        """Gives the number of rows in the visible instance."""
        return self.ground.count(finished(self.rows))

    def spread(self, name: str) -> list[tuple[Value, int]]:
        """Gives a column's known values among the rows, in their order, with the number of rows of each."""
        cell = self.column(name)
        sql = replace(
            self.rows.also(f"{cell} IS NOT NULL"), columns=(cell, "count(*)"), group=(cell,), order=(cell,)
        )
        return [(row[0], row[1]) for row in self.ground.rows(finished(sql)) if isinstance(row[1], int)]

    def has_missing(self, name: str) -> bool:
        """Says whether a column is NULL in one of the rows."""
        return self.ground.count(finished(self.rows.also(f"{self.column(name)} IS NULL"))) > 0

    def read(self, select: Select | str) -> tuple[Row, ...]:
        """Gives what a statement gives in the visible instance."""
        return self.ground.rows(finished(select))


def free_alias(table: str, taken: Sequence[str]) -> str:
    """Gives a table's initials, with a number where they are taken."""
    initials = "".join(part[0] for part in table.lower().split("_") if part and part[0].isalpha()) or "t"
    names = (initials, *(f"{initials}{number}" for number in range(2, 100)))
    return next(name for name in names if name not in taken and len(name) < 8 and name not in _RESERVED)


_RESERVED = frozenset({"as", "by", "if", "in", "is", "no", "of", "on", "or", "to", "do"})


def matching(link: Link, child: Population, parent: Population) -> tuple[str, ...]:
    """Gives the conditions under which a child row is the parent row's."""
    pairs = zip(link.columns, link.parent_columns, strict=True)
    return tuple(f"{child.column(mine)} = {parent.column(theirs)}" for mine, theirs in pairs)


def with_child(
    parent: Population, link: Link, child: Population, phrase: str, *, no: bool = False
) -> Population:
    """Gives the parents that have a child (or none) among `child`, whose aliases are made beside theirs."""
    inner = child.rows.with_columns("1")
    inner = replace(inner, where=(*matching(link, child, parent), *inner.where))
    condition = f"{'NOT ' if no else ''}EXISTS {nested(inner)}"
    told = (link.without if no else link.having).replace("{}", phrase)
    return replace(parent.meeting(condition, told, last=True), aliases=child.aliases)


def plural_of(words: ColumnWords) -> str:
    """Gives a column's noun in the plural."""
    return words.plural or plural(words.phrase)
