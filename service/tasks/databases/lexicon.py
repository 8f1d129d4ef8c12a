"""The words in which people speak of a database: what generated questions and tickets are worded with.

Every phrase stands in a sentence that the grammar makes, so all of them keep one form:

- A noun is given without an article: "credit limit", "order", "orders".
- A phrase about a row stands behind its noun and fits the singular and the plural alike: "living in {}",
  "placed by {}", "with the status {}", "without an insurer"; never "who lives in {}".
- `{}` stands for the value or the noun that it is about; values come quoted or formatted already.

Words should be those of people who have never seen the schema, and need not be the columns' names.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Role(Enum):
    """What a column is to a person, and so what may be asked about it. Keys have no words: nobody asks."""

    NAME = "name"  # tells one row from another: a name, a title, a code, a plate
    CATEGORY = "category"  # one of a few texts or codes: filtered by value, grouped by
    AMOUNT = "amount"  # a number that may be added up and averaged: a quantity, a duration, a price paid
    LEVEL = (
        "level"  # a number that may be averaged and compared but not added up: an age, a rate, a list price
    )
    DATE = "date"  # 'YYYY-MM-DD'
    MOMENT = "moment"  # 'YYYY-MM-DD HH:MM' or with seconds
    FLAG = "flag"  # 1 or 0
    TEXT = "text"  # free text: only asked whether it is there


@dataclass(frozen=True, slots=True)
class ColumnWords:
    """How people speak of a column.

    `phrase` is its noun ("credit limit"). `having` says that a row has the value `{}` (CATEGORY, NAME):
    "living in {}"; empty: "with the <phrase> {}". `missing` says that it is NULL: "without an insurer";
    empty: "without a known <phrase>" (only for columns that may be NULL). `event` is the participle of a
    DATE or MOMENT: "hired" gives "hired on or after 1 May 2024"; empty: "with a <phrase> on or after …".
    `yes` and `no` say what a FLAG means: "that are active", "that are no longer active". `unit` follows a
    number: "kg", "minutes", "Swiss francs"; empty: none. `plural` is the noun's plural when "s" is not
    enough.
    """

    column: str
    role: Role
    phrase: str
    having: str = ""
    missing: str = ""
    event: str = ""
    yes: str = ""
    no: str = ""
    unit: str = ""
    plural: str = ""


@dataclass(frozen=True, slots=True)
class TableWords:
    """How people speak of a table's rows.

    `label` names the NAME columns that a person would name a row by; empty where rows have no name of
    their own (order lines, readings). `person`: rows are people ("who"), else things ("that").
    """

    table: str
    singular: str
    plural: str
    columns: tuple[ColumnWords, ...]
    label: tuple[str, ...] = ()
    person: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """How people speak of a foreign key, from the child that refers to the parent it refers to.

    `of` says of a child whose it is: orders "placed by {}", `{}` being the parent. `having` says of a
    parent that it has children: customers "with {}", `{}` being "at least one order" or "orders".
    `without` is its negation: "without any {}", `{}` being the plural. `role` is the parent's noun in this
    link where it is not the table's own: "supervisor" for physician.supervisor_id; with its plural.
    A composite key names its columns in their order. A column that a view shows may stand here as well.
    """

    child: str
    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]
    of: str
    having: str = "with {}"
    without: str = "without any {}"
    role: str = ""
    role_plural: str = ""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A business rule: only rows of `table` that meet `condition` ever count.

    `condition` is SQL on the table's own columns, each written as `{t}.column`: "{t}.is_test = 0".
    `note` tells it as a colleague would, in one sentence and without naming columns: "Test accounts are
    never counted." `name` is one of "soft_delete", "test_account", "cancelled" or another short word.
    """

    name: str
    table: str
    condition: str
    note: str


@dataclass(frozen=True, slots=True)
class FiscalYear:
    """A business rule: the fiscal year Y of `table`'s `column` begins on the first of `first_month` of Y - 1.

    `note` has `{year}`, and `{first}` and `{last}`, which are days in words.
    """

    table: str
    column: str
    first_month: int
    note: str = "Fiscal year {year} runs from {first} to {last}."


@dataclass(frozen=True, slots=True)
class Conversion:
    """A business rule: the column is not read as it stands, but by `expression`.

    `expression` is SQL with `{t}` for the table: "{t}.amount_cents / 100.0". `phrase` is the noun of the
    result ("amount in francs"), `note` says how it comes about: "Amounts are kept in cents; report francs."
    """

    table: str
    column: str
    expression: str
    phrase: str
    note: str


Rule = Exclusion | FiscalYear | Conversion


@dataclass(frozen=True, slots=True)
class Screen:
    """A view that shows some columns, or some rows, of one table under their own names.

    A task may deny the table and leave the view: `note` says why, as a colleague would: "Salaries are
    confidential, so the staff table is closed to us; the directory is open."
    """

    view: str
    table: str
    note: str


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All words of a database. Tables, columns and keys that nobody would ask about are left out."""

    tables: tuple[TableWords, ...]
    links: tuple[Link, ...]
    rules: tuple[Rule, ...] = ()
    screens: tuple[Screen, ...] = ()
