"""Statements with faults put into them, one or two."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from random import Random

from sqlglot import exp

from ...core.task import Difficulty
from ..difficulty import structural_difficulty
from ..explore.intent import Intent
from ..ground import Ground
from ..parsing import parsed
from ..tables_read import tables_read
from .fault import Broken, Fault
from .writing import laid_out, written


class Candidate:
    """An intent with all that is read off its statement, which is parsed once."""

    def __init__(self, intent: Intent) -> None:
        self.intent = intent
        self._tree = parsed(intent.sql)
        self._spare: exp.Expr | None = None

    def inject(self, fault: Fault, ground: Ground, seed: float) -> Broken:
        """Puts a fault into a copy of the tree; a fault that does not apply leaves its copy as it was."""
        spare = self._spare or self._tree.copy()
        broken = fault.inject(spare, ground.schema, ground.lexicon, Random(seed))
        self._spare = spare if broken is None else None
        return broken

    @cached_property
    def gold_sql(self) -> str:
        """The statement, one clause a line."""
        return laid_out(written(self._tree.copy()))

    @cached_property
    def gold_tables(self) -> tuple[str, ...]:
        """The tables and views that the statement names, sorted."""
        return tables_read(self.intent.sql)

    @cached_property
    def difficulty(self) -> Difficulty:
        """The statement's own, without any fault."""
        return structural_difficulty(self._tree)


@dataclass(frozen=True, slots=True)
class Break:
    """A statement with its faults, as text; `halves` is what is left when one of two faults is mended."""

    faults: tuple[Fault, ...]
    sql: str
    halves: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The fault's name, or those of two joined by a plus."""
        return "+".join(fault.name for fault in self.faults)


def single(candidate: Candidate, fault: Fault, ground: Ground, seed: float) -> Break | None:
    """Puts one fault into a statement; None where it does not apply."""
    broken = candidate.inject(fault, ground, seed)
    return None if broken is None else Break((fault,), _text(broken))


def paired(
    candidate: Candidate, faults: tuple[Fault, Fault], ground: Ground, seeds: tuple[float, float]
) -> Break | None:
    """Puts two faults into a statement, so that mending one leaves just the other.

    That is so where the order in which they come in makes no difference. A fault that gives a text comes
    last, and then what is left of it alone is the fault put into the right statement.
    """
    two = candidate.inject(faults[1], ground, seeds[1])
    one = candidate.inject(faults[0], ground, seeds[0]) if two is not None else None
    if one is None or two is None or (isinstance(one, str) and isinstance(two, str)):
        return None
    halves = (_text(_copied(one)), _text(_copied(two)))
    both = _added(one, faults[1], ground, seeds[1])
    turned = _added(two, faults[0], ground, seeds[0])
    if isinstance(one, exp.Expr) and isinstance(two, exp.Expr) and both != turned:
        return None
    whole = both or turned
    return Break(faults, whole, halves) if whole else None


def _added(broken: exp.Expr | str, fault: Fault, ground: Ground, seed: float) -> str:
    """Puts a further fault into a tree; empty for a text, and where it does not apply."""
    if isinstance(broken, str):
        return ""
    further = fault.inject(broken, ground.schema, ground.lexicon, Random(seed))
    return "" if further is None else _text(further)


def _copied(broken: exp.Expr | str) -> exp.Expr | str:
    return broken if isinstance(broken, str) else broken.copy()


def _text(broken: exp.Expr | str) -> str:
    return laid_out(broken if isinstance(broken, str) else written(broken))
