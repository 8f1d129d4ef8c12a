"""A load of episodes, and the account of what became of every step of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqldojo.client import (
    Action,
    Answer,
    Describe,
    Dojo,
    Episode,
    EpisodeSpec,
    Observation,
    Query,
    Sample,
    Step,
    Submit,
    TaskKind,
    channel,
    connect,
    frame_stream,
    rollouts,
)
from sqldojo.client.retry import BACKOFF, Backoff


@contextlib.contextmanager
def patience() -> Iterator[None]:
    """Has clients try for longer: a busy machine starts a server late."""
    modules: Sequence[Any] = (channel, frame_stream, rollouts)
    for module in modules:
        module.BACKOFF = Backoff(tries=40, longest=2.0)
    try:
        yield
    finally:
        for module in modules:
            module.BACKOFF = BACKOFF


@dataclass(frozen=True)
class Turns:
    """Plays an episode by its seed alone: 4 to 8 steps of every kind, some of which fail, then its end."""

    seed: int

    def select_action(self, observation: Observation) -> Action:
        step = observation.steps_used
        table = observation.tables[(self.seed + step) % len(observation.tables)]
        if step >= 3 + self.seed % 5:
            if observation.kind is TaskKind.REPAIR:
                return Submit(f'SELECT {step}, count(*) FROM "{table}"')
            return Answer(str(self.seed))
        match (self.seed + step) % 6:
            case 0:
                return Describe(table)
            case 1:
                return Sample(table)
            case 2:
                return Query(f"SELEC {step}")
            case 3:
                return Query(f'SELECT count(*) FROM "{table}"')
            case _:
                return Query(f'SELECT {self.seed}, {step}, * FROM "{table}" LIMIT {1 + step}')


@dataclass
class Load:
    """Episodes played by the client in frames, and `single` at a time by single calls, until it is left.

    `played` are those that have ended. Their seeds are 0, 1, …, their sessions named by them.
    """

    address: str
    tasks: Sequence[str]
    concurrency: int = 24
    single: int = 2
    thinking: float = 0.03  # seconds that a policy takes, so that a load leaves others some of the machine
    at_least: int = 0  # episodes, before it ends
    played: list[Episode] = field(default_factory=list)
    steps: int = 0  # answered
    _begun: int = 0
    _leaving: bool = False
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Plays while the block runs; on leaving, all that has begun is played to its end."""
        async with connect(self.address) as dojo:
            playing = asyncio.gather(
                self._frames(dojo, self._specs()), *(self._single(dojo) for _ in range(self.single))
            )
            watched = asyncio.ensure_future(self._watch(playing))
            try:
                yield
                self._leaving = True
                await playing
            finally:
                playing.cancel()
                watched.cancel()
                await asyncio.gather(playing, watched, return_exceptions=True)

    async def goes_on(self, steps: int, *, seconds: float = 60.0) -> None:
        """Waits until so many more steps are answered."""
        until = self.steps + steps
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: self.steps >= until or self._failure is not None)
        if self._failure is not None:
            raise self._failure

    def for_episode(self, seed: int) -> Load._Counting:
        """Makes the policy of one episode, which counts its steps here."""
        return Load._Counting(self, Turns(seed))

    @dataclass(frozen=True)
    class _Counting:
        load: Load
        turns: Turns

        async def select_action(self, observation: Observation) -> Action:
            await self.load._count(observation)
            await asyncio.sleep(self.load.thinking)
            return self.turns.select_action(observation)

    def select_action(self, observation: Observation) -> Action:
        """Never asked: each episode has a policy of its own."""
        raise NotImplementedError

    _failure: BaseException | None = None

    async def _count(self, observation: Observation) -> None:
        if observation.steps_used:
            async with self._news:
                self.steps += 1
                self._news.notify_all()

    async def _watch(self, playing: asyncio.Future[Any]) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait((playing,))
        if not playing.cancelled() and playing.exception() is not None:
            self._failure = playing.exception()
            async with self._news:
                self._news.notify_all()

    async def play(self, seeds: Iterable[int]) -> None:
        """Plays these episodes, and no others, in frames."""
        async with connect(self.address) as dojo:
            await self._frames(dojo, map(self._spec, seeds))

    def _specs(self) -> Iterator[EpisodeSpec]:
        while not self._leaving or self._begun < self.at_least:
            self._begun += 1
            yield self._spec(self._begun - 1)

    def _spec(self, seed: int) -> EpisodeSpec:
        return EpisodeSpec(self.tasks[seed % len(self.tasks)], seed, session_id=f"e{seed}", policy="chaos")

    async def _frames(self, dojo: Dojo, specs: Iterable[EpisodeSpec]) -> None:
        played = dojo.rollouts(specs, self, concurrency=self.concurrency, frame_size=16)
        async for episode in played:
            self.played.append(episode)

    async def _single(self, dojo: Dojo) -> None:
        for spec in self._specs():
            turns = self.for_episode(spec.seed)
            session = await dojo.open_session(spec)
            while not session.done:
                await session.step(await turns.select_action(session.observation))
            await session.close()
            seen = session.observation
            self.played.append(
                Episode(spec, spec.seed, seen.history, seen, session.total_reward, seen.outcome)
            )


@dataclass
class Account:
    """What became of a load: steps answered, and of these those that the journal does not have, those that
    it has more than once, and those whose answer or reward was another than without faults.
    """

    episodes: int = 0
    steps: int = 0
    lost: int = 0
    doubled: int = 0
    wrong: int = 0
    faults: int = 0
    what: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.wrong)


def compare(
    found: Account,
    played: Sequence[Episode],
    expected: Mapping[int, Episode],
    kept: Mapping[str, list[dict[str, Any]]],
) -> None:
    """Compares episodes with the same, by their seeds, without faults, and with the journal's."""
    for episode in played:
        found.episodes += 1
        found.steps += len(episode.steps)
        _compare(found, episode, expected[episode.spec.seed], kept.get(episode.spec.session_id, []))


def _compare(found: Account, episode: Episode, expected: Episode, kept: list[dict[str, Any]]) -> None:
    name = episode.spec.session_id
    if episode.error or (episode.total_reward, episode.outcome) != (expected.total_reward, expected.outcome):
        found.wrong += 1
        found.what.append(f"{name}: {episode.error or 'another total reward or outcome'}")
    for step, as_expected in zip(episode.steps, expected.steps, strict=False):
        if _bare(step) != _bare(as_expected):
            found.wrong += 1
            found.what.append(f"{name}: step {step.step_index} had another answer")
    *before, last = kept or [{"steps": [], "status": "not there"}]
    steps = last["steps"]
    lost = [
        step
        for step in episode.steps
        if step.step_index > len(steps) or steps[step.step_index - 1]["reward"] != step.reward.total
    ]
    doubled = max(0, len(steps) - len(episode.steps)) + sum(len(each["steps"]) for each in before)
    if [step["step_index"] for step in steps] != list(range(1, len(steps) + 1)) or last["status"] != "closed":
        found.wrong += 1
        found.what.append(f"{name}: {len(steps)} steps in the journal, {last['status']}")
    found.lost += len(lost)
    found.doubled += doubled
    found.what += [f"{name}: step {step.step_index} is lost" for step in lost]
    found.what += [f"{name}: {doubled} steps too many"] if doubled else []


def _bare(step: Step) -> Step:
    return replace(step, observation=replace(step.observation, history=()))
