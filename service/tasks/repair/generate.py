"""Repair tasks out of the taxonomy: a right statement, a fault or two, a ticket, and the gate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import accumulate, islice
from random import Random

from ...core.task import Difficulty, Task, TaskKind
from ..explore.grammar import intents
from ..ground import Ground
from .breaking import Break, Candidate, paired, single
from .fault import Fault
from .faults import FAULTS
from .gate import UNFIT, Gate, Reason
from .sorting import with_order
from .tickets import ticket

PAIR = "pair"  # the family of tickets whose statement has two faults
PAIRS = 0.25  # share of statements that get a second fault, where one fits
NOTHING_FOUND = frozenset({"empty_result", "null_answer"})  # nothing in their results could be wrong
SORTED = 0.5  # share of intents that get an order, where one can be asked for
KEPT = 24  # statements at hand that a fault is tried on
MOST_FAULTS = 4  # that are tried in one attempt, until one fits a statement at hand
MOST_PARTNERS = 5  # that are tried for a pair

_BOUNDS = tuple(accumulate(fault.weight for fault in FAULTS))


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
    """Gives the name of each drawn fault, or those of a pair with a plus, and what the gate makes of it.

    Faults are drawn by their weights, and tried on the statements at hand until one fits.
    """
    rng = Random(seed)
    gate = _gate_of(ground)
    stream = _candidates(ground, rng)
    at_hand = list(islice(stream, KEPT))
    for _ in range(attempts):
        at_hand += islice(stream, 1)
        del at_hand[:-KEPT]
        if not at_hand:
            return
        yield _attempt(gate, at_hand, rng)


def _candidates(ground: Ground, rng: Random) -> Iterator[Candidate]:
    for intent in intents(ground, rng):
        if intent.family not in NOTHING_FOUND:
            in_order = with_order(intent, ground, rng) if rng.random() < SORTED else None
            yield Candidate(in_order or intent)


def acceptance(ground: Ground, seed: str, attempts: int) -> dict[str, Counter[str]]:
    """Counts, by fault, what becomes of `attempts` tickets: "admitted" or a reason.

    Faults stand in the taxonomy's order; "pair" stands for any two, and "" for no fault that fitted.
    """
    counts: dict[str, Counter[str]] = {name: Counter() for name in (*(f.name for f in FAULTS), PAIR, "")}
    for name, judged in judgements(ground, seed, attempts):
        made = counts[PAIR if "+" in name else name]
        made[judged.value if isinstance(judged, Reason) else "admitted"] += 1
    return counts


def _attempt(gate: Gate, at_hand: list[Candidate], rng: Random) -> tuple[str, Task | Reason]:
    for fault in rng.choices(FAULTS, cum_weights=_BOUNDS, k=MOST_FAULTS):
        for candidate in rng.sample(at_hand, len(at_hand)):
            broken = _broken(candidate, fault, gate.ground, rng)
            if broken is None:
                continue
            judged = _judged(gate, candidate, broken, rng)
            if judged in UNFIT:
                at_hand.remove(candidate)
            return broken.name, judged
    return "", Reason.NO_SITE


def _broken(candidate: Candidate, fault: Fault, ground: Ground, rng: Random) -> Break | None:
    seed = rng.random()
    alone = single(candidate, fault, ground, seed)
    if alone is None:
        return None
    if rng.random() < PAIRS:
        others = [other for other in FAULTS if other.family != fault.family]
        for second in rng.sample(others, MOST_PARTNERS):
            pair = paired(candidate, (fault, second), ground, (seed, rng.random()))
            if pair is not None:
                return pair
    return alone


def _judged(gate: Gate, candidate: Candidate, broken: Break, rng: Random) -> Task | Reason:
    intent = candidate.intent
    golds = gate.golds(intent)
    if isinstance(golds, Reason):
        return golds
    symptom = gate.symptom(intent, golds, broken.sql, broken.halves)
    if isinstance(symptom, Reason):
        return symptom
    prompt = ticket(intent, symptom, _stories(broken.faults), rng)
    task = _task(gate.ground, candidate, broken, prompt)
    return task if gate.is_sound(task) else Reason.UNSOUND


def _stories(faults: Sequence[Fault]) -> tuple[str, ...]:
    return tuple(story for fault in faults for story in fault.stories)


def _task(ground: Ground, candidate: Candidate, broken: Break, prompt: str) -> Task:
    family = PAIR if len(broken.faults) > 1 else broken.faults[0].family
    digest = blake2b("\n".join((prompt, broken.sql, candidate.gold_sql)).encode(), digest_size=4).hexdigest()
    return Task(
        task_id=f"repair/{ground.database_id}/{family}-{digest}",
        kind=TaskKind.REPAIR,
        database_id=ground.database_id,
        split=ground.split,
        difficulty=_difficulty(candidate.difficulty, broken.faults),
        family=family,
        prompt=prompt,
        gold_sql=candidate.gold_sql,
        gold_tables=candidate.gold_tables,
        ordered=candidate.intent.ordered,
        broken_sql=broken.sql,
        permissions=candidate.intent.permissions,
    )


def _difficulty(of_gold: Difficulty, faults: tuple[Fault, ...]) -> Difficulty:
    """That of gold, and one grade more for a fault that is hard to see or for two of them."""
    harder = len(faults) > 1 or any(fault.difficulty > 1 for fault in faults)
    return Difficulty(min(of_gold + harder, Difficulty.HARD))


_gates: list[Gate] = []  # the one used last, since calls come for the same ground in a row


def _gate_of(ground: Ground) -> Gate:
    if not _gates or _gates[0].ground is not ground:
        for gate in _gates:
            gate.close()
        _gates[:] = [Gate(ground)]
    return _gates[0]
