"""The reward profiles: what each effect of an action is worth. docs/rewards.md derives and compares them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Protocol

from .action import Answer, Query, Submit
from .effect import Effect
from .execution import ErrorKind
from .observation import Outcome
from .progress import binned
from .reward import Clip, RewardBreakdown, RewardTerm, TermKind, breakdown, term
from .task import TaskKind


@dataclass(frozen=True, slots=True)
class Standing:
    """What a profile remembers of an episode.

    `progress`, `executed` and `schema_share` are the potentials that the next step's differences are
    taken from, each in [0, 1]; `penalties` is the sum of capped penalties so far, positive.
    """

    progress: float = 0.0
    executed: float = 0.0
    schema_share: float = 0.0
    penalties: float = 0.0


class Profile(Protocol):
    """Turns an effect into a reward. Deterministic, and without memory but the standing."""

    @property
    def name(self) -> str:
        """The name that callers ask for it by."""
        ...

    @property
    def kind(self) -> TaskKind:
        """The kind of task that it is for."""
        ...

    @property
    def budget(self) -> int:
        """How many steps an episode may take when the caller does not say."""
        ...

    def start(self, broken: Effect | None) -> Standing:
        """Gives the standing before the first step; `broken` is the effect of the broken query."""
        ...

    def reward(
        self, standing: Standing, effect: Effect, outcome: Outcome, budget: int
    ) -> tuple[RewardBreakdown, Standing]:
        """Gives a step's reward and the standing after it; `outcome` is the episode's after the step."""
        ...


AFTER_END_PENALTY = -0.3


def after_end() -> RewardBreakdown:
    """Gives the reward of an action after the end of the episode, the same in every profile."""
    return breakdown([term(TermKind.AFTER_END, AFTER_END_PENALTY)])


@dataclass(frozen=True, slots=True, eq=False)
class ExploreProfile:
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

    def _failed(self, effect: Effect, repeated: bool) -> RewardBreakdown:
        terms = [term(TermKind.STEP_COST, self.step_cost)]
        if repeated:
            terms.append(term(TermKind.REPEAT, self.repeat))
        if effect.rejected:
            terms.append(term(TermKind.SCHEMA, self.schema, effect.schema_share))
            terms.append(term(TermKind.REJECTED, self.rejected, effect.rejection))
        return breakdown(terms, self.clip)


@cache  # bins make the changes few, and this is paid at every step
def _explored(profile: ExploreProfile, repeated: bool, change: float | None) -> RewardBreakdown:
    """The reward of a lookup that worked (`change` None), or of a query that ran and changed the progress."""
    terms = [term(TermKind.STEP_COST, profile.step_cost), term(TermKind.EXECUTED, profile.executed)]
    if repeated:
        terms.append(term(TermKind.REPEAT, profile.repeat))
    if change is not None:
        if not repeated:
            terms.append(term(TermKind.NEW_INFORMATION, profile.new_information))
        terms.append(term(TermKind.PROGRESS, profile.progress, change))
    return breakdown(terms, profile.clip)


@dataclass(frozen=True, slots=True)
class RepairProfile:
    """R = w_c C + w_e E + w_p P + w_s S - lambda Penalty, for repair tasks; not clipped.

    C is 1 for a submission that is correct on every instance, else 0. E (it runs), P (its rows'
    progress on the visible instance) and S (the share of what it refers to that exists and is permitted)
    are paid as differences to the submission before it, the broken query at first: potential-based
    shaping with gamma = 1 (Ng, Harada and Russell 1999), so what a detour gains it gives back. Penalties
    other than the step's cost add up to at most `penalty_cap` in an episode, and the steps' costs to at
    most `steps_cost`; with both below `correct`, every solved episode beats every unsolved one.
    """

    name: str = "repair"
    correct: float = 1.0
    executed: float = 0.1
    progress: float = 0.3
    schema: float = 0.1
    steps_cost: float = -0.3  # for the whole budget; each step pays its share
    exhausted: float = -0.1
    repeat: float = -0.03
    unsafe: float = -0.1
    rejected: float = -0.1
    fan_out: float = -0.05
    penalty_cap: float = 0.5
    budget: int = 15

    @property
    def kind(self) -> TaskKind:
        """Repair."""
        return TaskKind.REPAIR

    def start(self, broken: Effect | None) -> Standing:
        """Begins with the potentials of the broken query."""
        return Standing() if broken is None else _potentials(Standing(), broken)

    def reward(
        self, standing: Standing, effect: Effect, outcome: Outcome, budget: int
    ) -> tuple[RewardBreakdown, Standing]:
        """Gives a step's reward and the potentials after it."""
        terms = [term(TermKind.STEP_COST, self.steps_cost / budget)]
        if isinstance(effect.action, Submit):
            after = _potentials(standing, effect)
            if not effect.rejected:
                terms += [
                    term(TermKind.CORRECT, self.correct, float(effect.correct)),
                    term(TermKind.EXECUTED, self.executed, after.executed - standing.executed),
                    term(TermKind.PROGRESS, self.progress, after.progress - standing.progress),
                ]
            terms.append(term(TermKind.SCHEMA, self.schema, after.schema_share - standing.schema_share))
            standing = after
        for penalty in self._penalties(effect):
            left = self.penalty_cap - standing.penalties
            capped = replace(penalty, contribution=max(penalty.contribution, -left))
            terms.append(capped)
            standing = replace(standing, penalties=standing.penalties - capped.contribution)
        if outcome is Outcome.EXHAUSTED:
            terms.append(term(TermKind.BUDGET, self.exhausted))
        return breakdown(terms), standing

    def _penalties(self, effect: Effect) -> list[RewardTerm]:
        penalties = []
        if effect.repeated:
            penalties.append(term(TermKind.REPEAT, self.repeat))
        if effect.error is not None and effect.error.kind is ErrorKind.DENIED:
            penalties.append(term(TermKind.UNSAFE, self.unsafe))
        if effect.rejected:
            penalties.append(term(TermKind.REJECTED, self.rejected, effect.rejection))
        if effect.fan_out and isinstance(effect.action, Submit) and not effect.correct:
            penalties.append(term(TermKind.FAN_OUT, self.fan_out))
        return penalties


def _potentials(standing: Standing, effect: Effect) -> Standing:
    """Gives the potentials after a submission; one that was not run changes only what needs no running."""
    if effect.rejected:
        return replace(standing, schema_share=effect.schema_share)
    return replace(
        standing,
        executed=float(effect.error is None),
        progress=effect.progress,
        schema_share=effect.schema_share,
    )


PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        ExploreProfile("sqlenv"),
        ExploreProfile("sqlenv-legacy", step_cost=-0.005, repeated_lookups_pay=False),
        RepairProfile(),
    )
}

DEFAULT_PROFILES = {TaskKind.EXPLORE: "sqlenv", TaskKind.REPAIR: "repair"}
