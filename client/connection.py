"""The way in: `connect` gives a Dojo, and a Dojo gives sessions, tasks and rollouts."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Iterable

from grpc.aio import AioRpcError

from sqldojo.v1 import task_pb2

from . import wire
from .batch import Batch
from .channel import Channel, Tls
from .embedded import embedded_server
from .errors import error_of_call
from .policy import Policy
from .rollouts import Rollouts
from .session import Session
from .types import (
    BankInfo,
    Baseline,
    BenchmarkProgress,
    BenchmarkResult,
    DatabaseInfo,
    Difficulty,
    Episode,
    EpisodeSpec,
    Split,
    Task,
    TaskKind,
)

_PAGE_SIZE = 1000


@contextlib.asynccontextmanager
async def connect(
    address: str | None = None, *, token: str | None = None, tls: Tls | None = None, oracle: bool = False
) -> AsyncIterator[Dojo]:
    """Connects to the server at `address` ("host:port"); without one, to an embedded server of its own.

    `token` goes to the server with every call; `tls` encrypts them. `oracle` gives an embedded server's
    gold; a server with an address gives it to those whose `token` has the oracle scope. Raises ValueError
    for what is no address and for a combination that has no meaning, DojoError when the embedded server does
    not start. What is asked for after leaving, or is under way then, raises DojoError.
    """
    async with contextlib.AsyncExitStack() as stack:
        if address is None:
            if token is not None or tls is not None:
                raise ValueError("token and tls need an address; an embedded server takes oracle=True")
            server = await stack.enter_async_context(embedded_server())
            address, token = server.address, server.oracle_token if oracle else None
        elif oracle and token is None:
            raise ValueError(f"gold from {address} needs a token with the oracle scope: give token=…")
        dojo = Dojo(Channel(address, token, tls))
        stack.push_async_callback(dojo.close)
        yield dojo


class Dojo:
    """A connection. `connect` makes one."""

    def __init__(self, channel: Channel) -> None:
        self.address = channel.address
        self._channel = channel
        self._open: set[Rollouts | Batch] = set()

    @contextlib.asynccontextmanager
    async def session(
        self,
        task: str,
        *,
        profile: str = "",
        seed: int = 0,
        budget: int = 0,
        session_id: str = "",
        reviewed: bool = False,
        policy: str = "",
    ) -> AsyncIterator[Session]:
        """Opens a session with an episode of `task`, and closes it on leaving.

        An empty `profile` and a `budget` of 0 leave them to the server; `reviewed` sends every step through
        the review gate; `policy` is a label for the server's journal. Raises DojoError where the service
        refuses it.
        """
        spec = EpisodeSpec(task, seed, profile, budget, reviewed, session_id, policy)
        session = await self.open_session(spec)
        try:
            yield session
        except BaseException:
            await session.abandon()  # what went wrong in the episode is the thing to know
            raise
        await session.close()

    async def open_session(self, spec: EpisodeSpec) -> Session:
        """Opens a session that its user closes."""
        # Made here, so that a reset which is sent again opens no second session.
        request = wire.reset_request(spec, spec.session_id or uuid.uuid4().hex)
        return await Session.open(self._channel, request, reviewed=spec.reviewed)

    async def tasks(
        self,
        *,
        kind: TaskKind | None = None,
        split: Split | None = None,
        difficulty: Difficulty | None = None,
        database: str = "",
        family: str = "",
        gold: bool = False,
    ) -> list[Task]:
        """Gives all tasks that pass the filters, in the bank's order; `gold` needs the oracle scope."""
        request = wire.list_tasks_request(_PAGE_SIZE, kind, split, difficulty, database, family, gold=gold)
        tasks: list[Task] = []
        while True:
            page = await self._channel.call(self._channel.tasks.ListTasks, request)
            tasks += map(wire.task, page.tasks)
            if not page.next_page_token:
                return tasks
            request.page_token = page.next_page_token

    async def task(self, task_id: str, *, gold: bool = False) -> Task:
        """Gives one task; `gold` needs the oracle scope."""
        request = task_pb2.GetTaskRequest(task_id=task_id, include_gold=gold)
        return wire.task((await self._channel.call(self._channel.tasks.GetTask, request)).task)

    async def bank(self) -> BankInfo:
        """Gives the server's version, its bank's digest and the databases, without their tables."""
        request = task_pb2.ListDatabasesRequest()
        return wire.bank(await self._channel.call(self._channel.tasks.ListDatabases, request))

    async def databases(self) -> list[DatabaseInfo]:
        """Gives the databases, without their tables."""
        return list((await self.bank()).databases)

    async def database(self, database_id: str) -> DatabaseInfo:
        """Gives one database with its tables."""
        request = task_pb2.GetDatabaseRequest(database_id=database_id)
        return wire.database((await self._channel.call(self._channel.tasks.GetDatabase, request)).database)

    def rollouts(
        self,
        episodes: Iterable[EpisodeSpec | str],
        policy: Policy,
        *,
        concurrency: int = 256,
        frame_size: int = 128,
        outstanding: int = 4,
        streams: int = 1,
    ) -> AsyncGenerator[Episode, None]:
        """Plays episodes over `streams` streams, `concurrency` at a time, and gives each as it ends.

        `episodes` (a str is a task id) is read as far as is needed. When its consumer is slow, no more than
        `concurrency` ended episodes pile up. An episode that can't be played to its end comes with an
        `error`, be it the service's or the policy's; the others go on. Up to `outstanding` frames of at most
        `frame_size` commands (1 to 256) are under way in each stream; an episode keeps to one, whose slow
        statements hold up no other stream. Leaving early, by an exception, cancellation or
        `aclose()`, closes all sessions. Raises DojoError when the server can't be reached any more.
        """
        rollouts = Rollouts(
            self._channel,
            episodes,
            policy,
            concurrency=concurrency,
            frame_size=frame_size,
            outstanding=outstanding,
            streams=streams,
        )
        return self._tracked(rollouts)

    async def _tracked(self, rollouts: Rollouts) -> AsyncGenerator[Episode, None]:
        self._open.add(rollouts)
        try:
            async for episode in rollouts.play():
                yield episode
        finally:
            await rollouts.close()
            self._open.discard(rollouts)

    def batch(self, *, streams: int = 8) -> Batch:
        """Gives a batch, whose sessions are stepped together: leave it by `async with`.

        A turn is spread over `streams` streams, and what is sent over one comes when all of it is done: with
        more of them fewer sessions wait for a slow one, and frames are smaller.
        """
        batch = Batch(self._channel, streams, self._open.discard)
        self._open.add(batch)
        return batch

    async def benchmark(
        self,
        baseline: Baseline,
        *,
        episodes: int,
        seed: int = 0,
        kind: TaskKind | None = None,
        split: Split | None = None,
    ) -> AsyncGenerator[BenchmarkProgress | BenchmarkResult, None]:
        """Has the server play a baseline; gives its progress, and at last the result."""
        request = wire.benchmark_request(baseline, episodes, seed, kind, split)
        call = self._channel.open_benchmark(request)
        try:
            async for message in call:
                yield wire.benchmark_message(message)
        except AioRpcError as failure:
            raise error_of_call(failure, self.address) from None
        except asyncio.CancelledError:
            self._channel.check_cancelled()
            raise
        finally:
            call.cancel()

    async def close(self) -> None:
        """Ends the rollouts and batches that are still played, and the connection.

        Closing it again does nothing.
        """
        for played in tuple(self._open):
            await played.close()
        await self._channel.close()
