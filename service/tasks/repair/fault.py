"""What a fault is: one thing that real queries get wrong, and how it is put into a right one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from sqlglot import exp

from ...core.schema import Schema
from ..databases.lexicon import Lexicon

Broken = exp.Expr | str | None
"""A statement with a fault: its tree, or its text where no parser would write it; None: it does not apply."""

Injection = Callable[[exp.Expr, Schema, Lexicon, Random], Broken]
"""Puts a fault into a statement that is right.

The tree given belongs to it and may be changed, but is left as it was where the fault does not apply.
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """One way in which queries go wrong.

    `family` groups faults that are mended alike, and is the family of the task. `realism` says in one
    sentence where real queries get this wrong. `difficulty` is how much harder than by its gold alone a
    task becomes: 0 where an error message points at the fault, 1 where the result betrays it, 2 where the
    result looks plausible or the remedy is a rewrite. `stories` are sentences that a ticket may tell about
    the statement's past; none of them names the fault. `weight` says how often it is drawn beside others:
    more than 1 for what matters much and fits few statements.
    """

    name: str
    family: str
    realism: str
    difficulty: int
    inject: Injection
    stories: tuple[str, ...] = ()
    weight: float = 1.0
