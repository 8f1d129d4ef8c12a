"""The reward of SQLEnv as it is, clipping and all. docs/rewards.md says what it leaves open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from .action import Answer, Query
from .effect import Effect
from .farming import best_unsolved
from .observation import Outcome
from .profiles import Fault, Standing
from .progress import binned
from .reward import Clip, RewardBreakdown, TermKind, breakdown, term
from .task import TaskKind


@dataclass(frozen=True, slots=True, eq=False)
class SqlenvProfile:
    """The reward of SQLEnv, for explore tasks.

    Every step costs `step_cost`; an action that runs earns `executed`; SQL that is new to the episode
    `new_information`; what was done before pays `repeat`; a query earns `progress` times the change of
    the binned progress. Each such step is clipped. An answer earns `correct` or nothing, unclipped.
    """

    name: str
    step_cost: float = -0.02
    executed: float = 0.02
    new_information: float = 0.01
    repeat: float = -0.03
    repeated_lookups_pay: bool = True  # a describe or sample that is done again pays `repeat` as well
    progress: float = 0.15
    correct: float = 1.0
    schema: float = 0.02  # only for SQL that the review gate rejected
    rejected: float = -0.05
    clip: Clip = (-0.10, 0.15)
    budget: int = 15

    @property
    def kind(self) -> TaskKind:
        """Explore."""
        return TaskKind.EXPLORE

    def start(self, broken: Effect | None) -> Standing:  # noqa: ARG002 - an explore task has no broken query
        """Begins with no progress."""
        return Standing()

    def reward(
        self,
        standing: Standing,
        effect: Effect,
        outcome: Outcome,  # noqa: ARG002 - SQLEnv pays nothing for an exhausted budget
        budget: int,  # noqa: ARG002 - nor does a step's cost depend on it
    ) -> tuple[RewardBreakdown, Standing]:
        """Gives a step's reward and the progress after it."""
        if isinstance(effect.action, Answer):
            return breakdown([term(TermKind.CORRECT, self.correct, float(effect.correct))]), standing
        queried = isinstance(effect.action, Query)
        repeated = effect.repeated and (queried or self.repeated_lookups_pay)
        if effect.error is not None:
            return self._failed(effect, repeated), standing
        if not queried:
            return _explored(self, repeated, None), standing
        progress = binned(effect.progress)
        change = progress - standing.progress
        return _explored(self, repeated, change), replace(standing, progress=progress) if change else standing

    def faults(self) -> Iterator[Fault]:
        """Compares an answer with the most that stalling earns in the profile's own budget."""
        most = best_unsolved(self, self.budget)
        if most.total >= self.correct:
            first = ", ".join(move.name for move in most.moves[:3])
            yield Fault(
                "correct",
                f"{self.correct:g} is not more than the {most.total:g} that {len(most.moves)} steps can earn "
                f"without a correct answer ({first}, …); raise it, or lower what they earn or the budget",
            )

    def _failed(self, effect: Effect, repeated: bool) -> RewardBreakdown:
        terms = [term(TermKind.STEP_COST, self.step_cost)]
        if repeated:
            terms.append(term(TermKind.REPEAT, self.repeat))
        if effect.rejected:
            terms.append(term(TermKind.SCHEMA, self.schema, effect.schema_share))
            terms.append(term(TermKind.REJECTED, self.rejected, effect.rejection))
        return breakdown(terms, self.clip)


@cache  # bins make the changes few, and this is paid at every step
def _explored(profile: SqlenvProfile, repeated: bool, change: float | None) -> RewardBreakdown:
    """The reward of a lookup that worked (`change` None), or of a query that ran and changed the progress."""
    terms = [term(TermKind.STEP_COST, profile.step_cost), term(TermKind.EXECUTED, profile.executed)]
    if repeated:
        terms.append(term(TermKind.REPEAT, profile.repeat))
    if change is not None:
        if not repeated:
            terms.append(term(TermKind.NEW_INFORMATION, profile.new_information))
        terms.append(term(TermKind.PROGRESS, profile.progress, change))
    return breakdown(terms, profile.clip)
