"""What a generated database is made of: its DDL, its split, its words, and the rows that a seed gives it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import apsw

from ...core.task import Split
from .lexicon import Lexicon


@dataclass(frozen=True, slots=True)
class Domain:
    """A database that is generated here.

    `populate` fills the tables that `ddl` made; all that it draws, it draws from the given `Random`, so
    equal seeds give equal rows. Its last argument is the scale: how many times the usual number of rows
    the growing tables get (1.0: a few thousand in all). Instances differ in values and counts, but share
    each domain's fixed lists (cities, statuses, codes), so a constant in a query means something in all
    of them.
    """

    database_id: str
    title: str
    split: Split
    ddl: str
    populate: Callable[[apsw.Connection, Random, float], None]
    lexicon: Lexicon
