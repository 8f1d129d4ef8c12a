"""Explore tasks out of the grammar: drawn, put through the gate, and made tasks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from random import Random

from ...core.task import Task
from ..ground import Ground
from .gate import Gate, Reason, Rejection
from .grammar import intents


def generate(ground: Ground, seed: str, attempts: int) -> list[Task]:
    """Draws `attempts` questions and gives those that the gate admits, each once.

    Equal grounds and seeds give equal tasks. Fewer are drawn where the database yields no more.
    """
    tasks: dict[str, Task] = {}
    for _, judged in judgements(ground, seed, attempts):
        if isinstance(judged, Task):
            tasks.setdefault(judged.task_id, judged)
    return list(tasks.values())


def judgements(ground: Ground, seed: str, attempts: int) -> Iterator[tuple[str, Task | Rejection]]:
    """Gives each drawn question's family with what the gate makes of it."""
    rng = Random(seed)
    gate = _gate_of(ground)
    for intent in islice(intents(ground, rng), attempts):
        yield intent.family, gate.judge(intent, rng.choice(intent.questions))


@dataclass
class Acceptance:
    """How many questions of a family were drawn and admitted, and why the others were not."""

    drawn: int = 0
    admitted: int = 0
    reasons: Counter[Reason] = field(default_factory=Counter)


def acceptance(ground: Ground, seed: str, attempts: int) -> dict[str, Acceptance]:
    """Counts, by family, what becomes of `attempts` questions."""
    families: dict[str, Acceptance] = defaultdict(Acceptance)
    for family, judged in judgements(ground, seed, attempts):
        counted = families[family]
        counted.drawn += 1
        if isinstance(judged, Rejection):
            counted.reasons[judged.reason] += 1
        else:
            counted.admitted += 1
    return dict(sorted(families.items()))


_gates: list[Gate] = []  # the one used last, since calls come for the same ground in a row


def _gate_of(ground: Ground) -> Gate:
    if not _gates or _gates[0].ground is not ground:
        for gate in _gates:
            gate.close()
        _gates[:] = [Gate(ground)]
    return _gates[0]
