"""SQLEnv's signals for explore tasks, paid as potentials so that none can be farmed.

docs/rewards.md has the proofs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from .action import Answer, Query
from .effect import Effect
from .observation import Outcome
from .profiles import Fault, Standing, capped, free_steps
from .progress import binned
from .reward import RewardBreakdown, RewardTerm, TermKind, breakdown, term
from .task import TaskKind


@dataclass(frozen=True, slots=True, eq=False)
class StrictProfile:
    """SQLEnv's terms and weights, not clipped, with two potentials in the place of its open sums.

    The first `explorations` actions that run and are new to the episode earn `executed` and
    `new_information` each; a query earns `progress` times what it adds to the best binned progress so far.
    A correct answer earns `correct` and all of both that is still to be had, so nothing is lost by answering
    early (potential-based shaping with gamma = 1: Ng, Harada and Russell 1999). A step but an answer costs
    `step_cost`, or its share of `steps_cost` where the budget is so long that this is less. Penalties add up
    to at most `penalty_cap` in an episode. With both below `correct`, every solved episode beats every other.
    """

    name: str = "sqlenv-strict"
    step_cost: float = -0.02
    steps_cost: float = -0.3  # the most that an episode's steps cost
    executed: float = 0.02
    new_information: float = 0.01
    explorations: int = 5
    progress: float = 0.15
    correct: float = 1.0
    repeat: float = -0.03
    rejected: float = -0.05
    unknown_names: float = -0.02  # of rejected SQL: times the share of its names that do not exist
    penalty_cap: float = 0.3
    budget: int = 15

    @property
    def kind(self) -> TaskKind:
        """Explore."""
        return TaskKind.EXPLORE

    def start(self, broken: Effect | None) -> Standing:  # noqa: ARG002 - an explore task has no broken query
        """Begins with nothing explored and no progress."""
        return Standing()

    def reward(
        self,
        standing: Standing,
        effect: Effect,
        outcome: Outcome,  # noqa: ARG002 - the steps that led there have paid for an exhausted budget
        budget: int,
    ) -> tuple[RewardBreakdown, Standing]:
        """Gives a step's reward and the potentials after it."""
        if isinstance(effect.action, Answer):
            return self._answered(standing, effect.correct), standing
        step_cost = max(self.step_cost, self.steps_cost / budget)
        explored, change = 0, None
        if effect.error is None:
            explored = int(not effect.repeated and standing.explored < self.explorations)
            if isinstance(effect.action, Query):
                change = max(binned(effect.progress) - standing.progress, 0.0)
        if explored or change:
            standing = replace(
                standing, explored=standing.explored + explored, progress=standing.progress + (change or 0.0)
            )
        reward = _earned(self, step_cost, explored, change)
        if penalties := self._penalties(effect):
            penalties, standing = capped(penalties, standing, self.penalty_cap)
            reward = breakdown([*reward.terms, *penalties])
        return reward, standing

    def faults(self) -> Iterator[Fault]:
        """Compares the worst solved episode, which gets both potentials whole, with the best other one."""
        yield from free_steps(self, "step_cost", "steps_cost")
        costs = self.penalty_cap - self.steps_cost
        if self.correct <= costs:
            yield Fault(
                "correct",
                f"{self.correct:g} is not more than penalty_cap - steps_cost = {costs:g}, so a solved "
                "episode may earn less than one that stalls; raise it or lower these",
            )

    def _answered(self, standing: Standing, correct: bool) -> RewardBreakdown:
        terms = [term(TermKind.CORRECT, self.correct, float(correct))]
        if correct:
            left = float(self.explorations - standing.explored)
            terms += [
                term(TermKind.EXECUTED, self.executed, left),
                term(TermKind.NEW_INFORMATION, self.new_information, left),
                term(TermKind.PROGRESS, self.progress, 1.0 - standing.progress),
            ]
        return breakdown(terms)

    def _penalties(self, effect: Effect) -> list[RewardTerm]:
        penalties = []
        if effect.repeated:
            penalties.append(term(TermKind.REPEAT, self.repeat))
        if effect.rejected:
            penalties.append(term(TermKind.SCHEMA, self.unknown_names, 1.0 - effect.schema_share))
            penalties.append(term(TermKind.REJECTED, self.rejected, effect.rejection))
        return penalties


@cache  # there are few of them, and this is paid at every step
def _earned(profile: StrictProfile, step_cost: float, explored: int, change: float | None) -> RewardBreakdown:
    """The reward of a step without penalties; `change` is a query's, None for any other action."""
    terms = [term(TermKind.STEP_COST, step_cost)]
    if explored:
        terms.append(term(TermKind.EXECUTED, profile.executed))
        terms.append(term(TermKind.NEW_INFORMATION, profile.new_information))
    if change is not None:
        terms.append(term(TermKind.PROGRESS, profile.progress, change))
    return breakdown(terms)
