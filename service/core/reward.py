"""A reward, taken apart into its terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class TermKind(IntEnum):
    """What a term is for; the numbers are the contract's (reward.proto, RewardTermKind)."""

    STEP_COST = 1
    EXECUTED = 2
    NEW_INFORMATION = 3
    REPEAT = 4
    PROGRESS = 5
    CORRECT = 6
    SCHEMA = 7
    UNSAFE = 8
    REJECTED = 9
    FAN_OUT = 10
    BUDGET = 11
    AFTER_END = 12


@dataclass(frozen=True, slots=True)
class RewardTerm:
    """One term: what was measured, its weight, and what it adds to the reward."""

    kind: TermKind
    value: float
    weight: float
    contribution: float


def term(kind: TermKind, weight: float, value: float = 1.0) -> RewardTerm:
    """Gives the term that adds value * weight."""
    return RewardTerm(kind, value, weight, value * weight)


Clip = tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class RewardBreakdown:
    """A step's reward: total = clip(unclipped), and unclipped adds the contributions in their order.

    Equal only to itself, so that what is made once for many steps is found by it quickly.
    """

    total: float
    unclipped: float
    terms: tuple[RewardTerm, ...]
    clip: Clip | None = None  # None: this step's reward is not clipped


def breakdown(terms: Sequence[RewardTerm], clip: Clip | None = None) -> RewardBreakdown:
    """Adds up terms, one after the other from the left, and clips the sum to `clip`."""
    unclipped = 0.0
    for each in terms:
        unclipped += each.contribution
    total = unclipped if clip is None else min(max(unclipped, clip[0]), clip[1])
    return RewardBreakdown(total, unclipped, tuple(terms), clip)
