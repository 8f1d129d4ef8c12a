"""What an evaluation found: for each episode, and summed up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..client.types import Action, Difficulty, Outcome, Reward, TaskKind, Unparsed
from .statistics import Interval, wilson_interval
from .tasks import TaskFilter


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What was done in one step and what it earned."""

    action: Action
    reward: Reward


@dataclass(frozen=True, slots=True)
class EpisodeResult:
    """One episode: what was played, and how it ended.

    `error` says why the episode could not be played to its end; empty when it was. (task_id, seed,
    actions) are all that is needed to play it again.
    """

    index: int
    task_id: str
    kind: TaskKind
    difficulty: Difficulty
    family: str
    seed: int
    steps: tuple[StepRecord, ...]
    total_reward: float
    outcome: Outcome
    error: str = ""

    @property
    def solved(self) -> bool:
        """It ended with a correct answer or submission."""
        return self.outcome is Outcome.SOLVED

    @property
    def budget_exhausted(self) -> bool:
        """It ended because its steps were used up."""
        return self.outcome is Outcome.EXHAUSTED

    @property
    def parse_failures(self) -> int:
        """How many of its steps were replies without a tool call."""
        return sum(isinstance(step.action, Unparsed) for step in self.steps)


@dataclass(frozen=True, slots=True)
class Summary:
    """Figures over a set of episodes.

    An episode that could not be played to its end counts as it stands: not solved, with the steps and
    the reward that it had. `parse_rate` is the share of all steps that were parsed tool calls (1.0 when
    there was no step); `success_interval` the 95 % Wilson interval.
    """

    episodes: int
    solved: int
    success_rate: float
    success_interval: Interval
    avg_reward: float
    avg_steps: float
    parse_rate: float
    parse_failures: int
    budget_exhausted: int
    errors: int


def summarize(episodes: Sequence[EpisodeResult]) -> Summary:
    """Sums up episodes. Raises ValueError when there are none."""
    count = len(episodes)
    solved = sum(episode.solved for episode in episodes)
    interval = wilson_interval(solved, count)
    steps = sum(len(episode.steps) for episode in episodes)
    failures = sum(episode.parse_failures for episode in episodes)
    return Summary(
        episodes=count,
        solved=solved,
        success_rate=solved / count,
        success_interval=interval,
        avg_reward=sum(episode.total_reward for episode in episodes) / count,
        avg_steps=steps / count,
        parse_rate=1 - failures / steps if steps else 1.0,
        parse_failures=failures,
        budget_exhausted=sum(episode.budget_exhausted for episode in episodes),
        errors=sum(bool(episode.error) for episode in episodes),
    )


@dataclass(frozen=True, slots=True)
class Run:
    """What is needed to run an evaluation again.

    `profile` is the reward profile asked for; empty: each task's own. `budget` is the number of steps
    asked for; 0: the profile's own. `tasks` is the filter by which tasks were chosen; None when they
    were given one by one. `bank_digest` names the bank that was served (see BankInfo), `server_version` is
    the version of sqldojo that served it, and `package` the one that evaluated.
    """

    policy: str
    n_episodes: int
    seed: int
    profile: str
    budget: int
    tasks: TaskFilter | None
    task_count: int
    bank_digest: str
    server_version: str
    package: str


@dataclass(frozen=True)
class EvaluationResult:
    """All episodes of an evaluation, in their order, with their summary."""

    run: Run
    episodes: tuple[EpisodeResult, ...]

    @cached_property
    def summary(self) -> Summary:
        """The figures over all episodes."""
        return summarize(self.episodes)

    @property
    def success_rate(self) -> float:
        """Share of the episodes that were solved, 0 to 1."""
        return self.summary.success_rate

    @property
    def success_interval(self) -> Interval:
        """The 95 % Wilson interval of the success rate."""
        return self.summary.success_interval

    @property
    def avg_reward(self) -> float:
        """Mean of the episodes' total rewards."""
        return self.summary.avg_reward

    @property
    def avg_steps(self) -> float:
        """Mean number of steps."""
        return self.summary.avg_steps

    @property
    def parse_rate(self) -> float:
        """Share of all steps that were parsed tool calls, 0 to 1."""
        return self.summary.parse_rate

    @property
    def parse_failures(self) -> int:
        """Number of steps that were replies without a tool call."""
        return self.summary.parse_failures

    @property
    def budget_exhausted(self) -> int:
        """Number of episodes that ended because their steps were used up."""
        return self.summary.budget_exhausted

    @property
    def errors(self) -> int:
        """Number of episodes that could not be played to their end."""
        return self.summary.errors

    def by_kind(self) -> dict[str, Summary]:
        """Figures for each kind of task."""
        return _grouped(self.episodes, lambda episode: episode.kind.name.lower())

    def by_difficulty(self) -> dict[str, Summary]:
        """Figures for each difficulty."""
        return _grouped(self.episodes, lambda episode: episode.difficulty.name.lower())

    def by_family(self) -> dict[str, Summary]:
        """Figures for each family of tasks."""
        return _grouped(self.episodes, lambda episode: episode.family)


def _grouped(episodes: Iterable[EpisodeResult], key: Callable[[EpisodeResult], str]) -> dict[str, Summary]:
    groups: dict[str, list[EpisodeResult]] = {}
    for episode in episodes:
        groups.setdefault(key(episode), []).append(episode)
    return {name: summarize(groups[name]) for name in sorted(groups)}
