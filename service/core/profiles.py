"""What a reward profile is: the worth of each effect of an action. docs/rewards.md compares them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from .effect import Effect
from .observation import Outcome
from .reward import RewardBreakdown, RewardTerm, TermKind, breakdown, term
from .task import TaskKind


@dataclass(frozen=True, slots=True)
class Standing:
    """What a profile remembers of an episode.

    `progress`, `executed` and `schema_share` are the potentials that the next step's differences are
    taken from, each in [0, 1]; `explored` counts the actions that were paid for being new; `penalties` is
    the sum of capped penalties so far, positive.
    """

    progress: float = 0.0
    executed: float = 0.0
    schema_share: float = 0.0
    explored: int = 0
    penalties: float = 0.0


class Fault(NamedTuple):
    """Why a profile must not be used: the setting, and what is wrong with it."""

    setting: str
    reason: str


class Profile(Protocol):
    """Turns an effect into a reward. Deterministic, and without memory but the standing.

    A dataclass: its fields are the settings, each under the name that a profiles file has for it.
    """

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

    def faults(self) -> Iterator[Fault]:
        """Gives the settings by which stalling could be worth as much as solving; none when it is sound."""
        ...


@dataclass(frozen=True)
class Profiles:
    """The profiles that a server offers, by name, and which one each kind of task has by default."""

    by_name: Mapping[str, Profile]
    defaults: Mapping[TaskKind, str]

    def find(self, name: str) -> Profile | None:
        """Gives the profile of that name; None when there is none."""
        return self.by_name.get(name)

    def default(self, kind: TaskKind) -> Profile:
        """Gives the profile that a kind of task has when the caller names none."""
        return self.by_name[self.defaults[kind]]

    def of(self, kind: TaskKind) -> tuple[Profile, ...]:
        """Gives all profiles for a kind of task."""
        return tuple(profile for profile in self.by_name.values() if profile.kind is kind)


AFTER_END_PENALTY = -0.3


def after_end() -> RewardBreakdown:
    """Gives the reward of an action after the end of the episode, the same in every profile."""
    return breakdown([term(TermKind.AFTER_END, AFTER_END_PENALTY)])


def capped(
    penalties: Sequence[RewardTerm], standing: Standing, cap: float
) -> tuple[list[RewardTerm], Standing]:
    """Cuts penalties to what an episode's cap leaves; gives them with the standing that counts them."""
    counted = []
    for penalty in penalties:
        left = cap - standing.penalties
        counted.append(replace(penalty, contribution=max(penalty.contribution, -left)))
        standing = replace(standing, penalties=standing.penalties - counted[-1].contribution)
    return counted, standing


def free_steps(profile: Profile, *settings: str) -> Iterator[Fault]:
    """Finds costs of a step that are none: without them, stalling is worth as much as acting."""
    for setting in settings:
        if getattr(profile, setting) >= 0:
            yield Fault(setting, "a step must cost something, or stalling is free; give a number below 0")
