"""The reward of repair tasks: a sum of potentials that no detour can farm. docs/rewards.md has the proofs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from .action import Submit
from .effect import Effect
from .execution import ErrorKind
from .observation import Outcome
from .profiles import Fault, Standing, capped, free_steps
from .reward import RewardBreakdown, RewardTerm, TermKind, breakdown, term
from .task import TaskKind


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
        if penalties := self._penalties(effect):
            penalties, standing = capped(penalties, standing, self.penalty_cap)
            terms += penalties
        if outcome is Outcome.EXHAUSTED:
            terms.append(term(TermKind.BUDGET, self.exhausted))
        return breakdown(terms), standing

    def faults(self) -> Iterator[Fault]:
        """Compares the worst solved episode with the best unsolved one.

        Both end at potentials that differ by `schema` at most, since what is correct runs and has gold's
        rows. So a solution is worth more wherever `correct` exceeds that and all that it can have cost.
        """
        yield from free_steps(self, "steps_cost")
        costs = self.schema + self.penalty_cap - self.steps_cost
        if self.correct <= costs:
            yield Fault(
                "correct",
                f"{self.correct:g} is not more than schema + penalty_cap - steps_cost = {costs:g}, so a "
                "solved episode may earn less than one that stalls; raise it or lower these",
            )

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
