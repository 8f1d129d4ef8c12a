"""Repair tasks out of the taxonomy: a right statement, a fault or two, a ticket, and the gate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from random import Random

import sqlglot
from sqlglot import exp

from ...core.execution import ActionError, Rows
from ...core.task import Difficulty, Task, TaskKind
from ..difficulty import difficulty_of
from ..explore.grammar import intents
from ..explore.intent import Intent
from ..ground import Ground
from ..tables_read import tables_read
from .fault import Fault
from .faults import FAULTS
from .gate import UNFIT, Gate, Reason
from .tickets import ticket
from .writing import laid_out, written

PAIRS = 0.25  # share of tickets whose statement has two faults
NOTHING_FOUND = frozenset({"empty_result", "null_answer"})  # nothing in their results could be wrong
KEPT = 24  # statements at hand that a fault is tried on


@dataclass(frozen=True, slots=True)
class _Broken:
    """A statement with its faults: as text, and with each of two faults alone."""

    faults: tuple[Fault, ...]
    sql: str
    halves: tuple[str, ...] = ()


def generate(ground: Ground, seed: str, attempts: int) -> list[Task]:
    """Draws `attempts` tickets and gives those that the gate admits, each once.

    Equal grounds and seeds give equal tasks. Fewer are drawn where the database yields no more.
    """
    tasks: dict[str, Task] = {}
    for _, judged in judgements(ground, seed, attempts):
        if isinstance(judged, Task):
            tasks.setdefault(judged.task_id, judged)
    return list(tasks.values())


def judgements(ground: Ground, seed: str, attempts: int) -> Iterator[tuple[str, Task | Reason]]:
    """Gives each drawn fault's name with what the gate makes of the ticket.

    Every fault is drawn equally often, and tried on the statements at hand until it fits one.
    """
    rng = Random(seed)
    gate = _gate_of(ground)
    stream = (each for each in intents(ground, rng) if each.family not in NOTHING_FOUND)
    at_hand = list(islice(stream, KEPT))
    for _ in range(attempts):
        at_hand += islice(stream, 1)
        del at_hand[:-KEPT]
        if not at_hand:
            return
        fault = rng.choice(FAULTS)
        yield fault.name, _attempt(gate, fault, at_hand, rng)


def acceptance(ground: Ground, seed: str, attempts: int) -> dict[str, Counter[str]]:
    """Counts, by fault, what becomes of `attempts` tickets: "admitted" or a reason."""
    counts: dict[str, Counter[str]] = {fault.name: Counter() for fault in FAULTS}
    for name, judged in judgements(ground, seed, attempts):
        counts[name][judged.value if isinstance(judged, Reason) else "admitted"] += 1
    return counts


def _attempt(gate: Gate, fault: Fault, at_hand: list[Intent], rng: Random) -> Task | Reason:
    for intent in rng.sample(at_hand, len(at_hand)):
        broken = _broken(intent, fault, gate.ground, rng)
        if broken is not None:
            judged = _judged(gate, intent, broken, rng)
            if judged in UNFIT:
                at_hand.remove(intent)
            return judged
    return Reason.NO_SITE


def _broken(intent: Intent, fault: Fault, ground: Ground, rng: Random) -> _Broken | None:
    single = _injected(intent.sql, fault, ground, rng)
    if single is None:
        return None
    if rng.random() < PAIRS:
        second = rng.choice([other for other in FAULTS if other.family != fault.family])
        alone = _injected(intent.sql, second, ground, rng)
        if alone is not None:
            first_tree = single if isinstance(single, exp.Expr) else None
            both = _injected(first_tree, second, ground, rng) if first_tree is not None else None
            if both is not None:
                return _Broken((fault, second), _text(both), (_text(single), _text(alone)))
    return _Broken((fault,), _text(single))


def _injected(statement: str | exp.Expr, fault: Fault, ground: Ground, rng: Random) -> exp.Expr | str | None:
    tree = sqlglot.parse_one(statement, read="sqlite") if isinstance(statement, str) else statement.copy()
    return fault.inject(tree, ground.schema, ground.lexicon, rng)


def _text(broken: exp.Expr | str) -> str:
    return laid_out(broken if isinstance(broken, str) else written(broken))


def _judged(gate: Gate, intent: Intent, broken: _Broken, rng: Random) -> Task | Reason:
    golds = gate.golds(intent)
    if isinstance(golds, Reason):
        return golds
    result = gate.judge_broken(intent, golds, broken.sql, broken.halves)
    if isinstance(result, Reason):
        return result
    return _task(gate.ground, intent, broken, result, golds[0], rng)


def _task(
    ground: Ground, intent: Intent, broken: _Broken, result: Rows | ActionError, gold: Rows, rng: Random
) -> Task:
    stories = [story for fault in broken.faults for story in fault.stories]
    story = rng.choice(stories) if stories and rng.random() < 0.6 else ""
    prompt = ticket(intent, result, gold, story, rng)
    gold_sql = laid_out(written(sqlglot.parse_one(intent.sql, read="sqlite")))
    family = "pair" if len(broken.faults) > 1 else broken.faults[0].family
    digest = blake2b("\n".join((prompt, broken.sql, gold_sql)).encode(), digest_size=4).hexdigest()
    return Task(
        task_id=f"repair/{ground.database_id}/{family}-{digest}",
        kind=TaskKind.REPAIR,
        database_id=ground.database_id,
        split=ground.split,
        difficulty=_difficulty(gold_sql, broken.faults),
        family=family,
        prompt=prompt,
        gold_sql=gold_sql,
        gold_tables=tables_read(gold_sql),
        ordered=intent.ordered,
        broken_sql=broken.sql,
        permissions=intent.permissions,
    )


def _difficulty(gold_sql: str, faults: tuple[Fault, ...]) -> Difficulty:
    """That of gold, and one grade more for a fault that is hard to see or for two of them."""
    harder = len(faults) > 1 or any(fault.difficulty > 1 for fault in faults)
    return Difficulty(min(difficulty_of(gold_sql) + harder, Difficulty.HARD))


_gates: list[Gate] = []  # the one used last, since calls come for the same ground in a row


def _gate_of(ground: Ground) -> Gate:
    if not _gates or _gates[0].ground is not ground:
        _gates[:] = [Gate(ground)]
    return _gates[0]
