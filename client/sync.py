"""The client for programs without an event loop: notebooks, trainers, scripts.

The loop lives in a thread of its own. All methods block; any thread may call them, so several threads can
each drive sessions of their own over one connection. A policy given to `rollouts` is called in the loop's
thread, so it can't call the same connection. What is asked for after `close` raises DojoError.
"""

from __future__ import annotations

import atexit
from collections.abc import Generator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Self
from weakref import WeakValueDictionary

from .batch import Batch
from .channel import Tls
from .connection import Dojo, connect
from .errors import DojoError
from .loop_thread import LoopThread
from .policy import Policy
from .session import Session
from .types import (
    Action,
    BankInfo,
    Baseline,
    BenchmarkProgress,
    BenchmarkResult,
    DatabaseInfo,
    Difficulty,
    Episode,
    EpisodeSpec,
    Observation,
    Pending,
    SessionState,
    Split,
    Step,
    Task,
    TaskKind,
)


def connect_sync(
    address: str | None = None, *, token: str | None = None, tls: Tls | None = None, oracle: bool = False
) -> SyncDojo:
    """Connects as `connect` does, at once. Leave it by `with`, or call `close`."""
    loop = LoopThread()
    connection = connect(address, token=token, tls=tls, oracle=oracle)
    try:
        return SyncDojo(loop, connection, loop.run(_enter(connection)))
    except BaseException:
        loop.close()
        raise


async def _enter(connection: AbstractAsyncContextManager[Dojo]) -> Dojo:
    return await connection.__aenter__()


async def _leave(connection: AbstractAsyncContextManager[Dojo]) -> None:
    await connection.__aexit__(None, None, None)


class SyncDojo:
    """A connection, as `Dojo`. `connect_sync` makes one."""

    def __init__(self, loop: LoopThread, connection: AbstractAsyncContextManager[Dojo], dojo: Dojo) -> None:
        self.address = dojo.address
        self._loop = loop
        self._connection = connection
        self._dojo = dojo
        self._open = True
        atexit.register(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection, its embedded server and its thread. Closing it again does nothing."""
        atexit.unregister(self.close)
        if self._open and not self._loop.was_forked:
            self._open = False
            try:
                self._loop.run(_leave(self._connection))
            finally:
                self._loop.close()

    def session(
        self,
        task: str,
        *,
        profile: str = "",
        seed: int = 0,
        budget: int = 0,
        session_id: str = "",
        reviewed: bool = False,
        policy: str = "",
    ) -> SyncSession:
        """Opens a session at once. Leave it by `with`, or call its `close`."""
        spec = EpisodeSpec(task, seed, profile, budget, reviewed, session_id, policy)
        return SyncSession(self._loop, self._loop.run(self._dojo.open_session(spec)))

    def tasks(
        self,
        *,
        kind: TaskKind | None = None,
        split: Split | None = None,
        difficulty: Difficulty | None = None,
        database: str = "",
        family: str = "",
        gold: bool = False,
    ) -> list[Task]:
        """As `Dojo.tasks`."""
        return self._loop.run(
            self._dojo.tasks(
                kind=kind, split=split, difficulty=difficulty, database=database, family=family, gold=gold
            )
        )

    def task(self, task_id: str, *, gold: bool = False) -> Task:
        """As `Dojo.task`."""
        return self._loop.run(self._dojo.task(task_id, gold=gold))

    def bank(self) -> BankInfo:
        """As `Dojo.bank`."""
        return self._loop.run(self._dojo.bank())

    def databases(self) -> list[DatabaseInfo]:
        """As `Dojo.databases`."""
        return self._loop.run(self._dojo.databases())

    def database(self, database_id: str) -> DatabaseInfo:
        """As `Dojo.database`."""
        return self._loop.run(self._dojo.database(database_id))

    def rollouts(
        self,
        episodes: Iterable[EpisodeSpec | str],
        policy: Policy,
        *,
        concurrency: int = 256,
        frame_size: int = 128,
        outstanding: int = 4,
        streams: int = 1,
    ) -> Generator[Episode, None, None]:
        """As `Dojo.rollouts`."""
        return self._loop.iterate(
            self._dojo.rollouts(
                episodes,
                policy,
                concurrency=concurrency,
                frame_size=frame_size,
                outstanding=outstanding,
                streams=streams,
            )
        )

    def batch(self, *, streams: int = 8) -> SyncBatch:
        """As `Dojo.batch`. Leave it by `with`, or call its `close`."""
        return SyncBatch(self._loop, self._dojo.batch(streams=streams))

    def benchmark(
        self,
        baseline: Baseline,
        *,
        episodes: int,
        seed: int = 0,
        kind: TaskKind | None = None,
        split: Split | None = None,
    ) -> Generator[BenchmarkProgress | BenchmarkResult, None, None]:
        """As `Dojo.benchmark`."""
        return self._loop.iterate(
            self._dojo.benchmark(baseline, episodes=episodes, seed=seed, kind=kind, split=split)
        )


class SyncSession:
    """A live session, as `Session`."""

    def __init__(self, loop: LoopThread, session: Session) -> None:
        self._loop = loop
        self._session = session

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except DojoError:
            if kind is None:  # else what went wrong in the episode is the thing to know
                raise

    @property
    def session_id(self) -> str:
        """The session's id."""
        return self._session.session_id

    @property
    def observation(self) -> Observation:
        """The latest observation."""
        return self._session.observation

    @property
    def total_reward(self) -> float:
        """The sum of the episode's rewards so far."""
        return self._session.total_reward

    @property
    def done(self) -> bool:
        """The episode has ended."""
        return self._session.done

    def describe(self, table: str) -> Step:
        """As `Session.describe`."""
        return self._loop.run(self._session.describe(table))

    def sample(self, table: str) -> Step:
        """As `Session.sample`."""
        return self._loop.run(self._session.sample(table))

    def query(self, sql: str) -> Step:
        """As `Session.query`."""
        return self._loop.run(self._session.query(sql))

    def answer(self, value: str) -> Step:
        """As `Session.answer`."""
        return self._loop.run(self._session.answer(value))

    def submit(self, sql: str) -> Step:
        """As `Session.submit`."""
        return self._loop.run(self._session.submit(sql))

    def unparsed(self, text: str) -> Step:
        """As `Session.unparsed`."""
        return self._loop.run(self._session.unparsed(text))

    def step(self, action: Action) -> Step:
        """As `Session.step`."""
        return self._loop.run(self._session.step(action))

    def state(self, *, history: bool = False) -> SessionState:
        """As `Session.state`."""
        return self._loop.run(self._session.state(history=history))

    def close(self) -> None:
        """As `Session.close`."""
        self._loop.run(self._session.close())


class SyncBatch:
    """Sessions in lock step, as `Batch`."""

    def __init__(self, loop: LoopThread, batch: Batch) -> None:
        self._loop = loop
        self._batch = batch
        self._sessions: WeakValueDictionary[Session, SyncSession] = WeakValueDictionary()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pending(self) -> frozenset[SyncSession]:
        """As `Batch.pending`."""
        return frozenset(map(self._of, self._batch.pending))

    def reset(self, episodes: Iterable[EpisodeSpec | str]) -> list[SyncSession | DojoError]:
        """As `Batch.reset`."""
        opened = self._loop.run(self._batch.reset(episodes))
        return [self._of(each) if isinstance(each, Session) else each for each in opened]

    def step_many(
        self,
        actions: Mapping[SyncSession, Action] | Iterable[tuple[SyncSession, Action]],
        *,
        timeout: float | None = None,
    ) -> dict[SyncSession, Step | DojoError | Pending]:
        """As `Batch.step_many`."""
        pairs = actions.items() if isinstance(actions, Mapping) else actions
        turn = [(session._session, action) for session, action in pairs]
        return self._ours(self._loop.run(self._batch.step_many(turn, timeout=timeout)))

    def settle(self, *, timeout: float | None = None) -> dict[SyncSession, Step | DojoError | Pending]:
        """As `Batch.settle`."""
        return self._ours(self._loop.run(self._batch.settle(timeout=timeout)))

    def close(self) -> None:
        """As `Batch.close`."""
        self._loop.run(self._batch.close())

    def _ours(
        self, given: dict[Session, Step | DojoError | Pending]
    ) -> dict[SyncSession, Step | DojoError | Pending]:
        return {self._of(session): each for session, each in given.items()}

    def _of(self, session: Session) -> SyncSession:
        """Gives one and the same SyncSession for a session, as long as anybody has it."""
        ours = self._sessions.get(session)
        if ours is None:
            ours = self._sessions[session] = SyncSession(self._loop, session)
        return ours
