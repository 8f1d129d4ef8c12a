"""What every fault is tried with: servers, databases, and a server that nothing happens to."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import postgres
import servers
from ports import free_port

from sqldojo.client import Episode, connect
from sqldojo.service.core.built_in_profiles import BUILT_IN_PROFILES
from sqldojo.service.core.sql_reviewer import SqlReviewer
from sqldojo.service.players.wire import ENCODING
from sqldojo.service.sandbox.clock import set_process_time_zone
from sqldojo.service.sandbox.limits import Limits
from sqldojo.service.sandbox.pool import DatabasePool
from sqldojo.service.sessions.episodes import Episodes
from sqldojo.service.sessions.journal.engine import journal_url, upgrade
from sqldojo.service.sessions.journal.export import episode_record
from sqldojo.service.sessions.journal.journal import Journal
from sqldojo.service.sessions.journal.records import Recorded
from sqldojo.service.sessions.refusal import Refusal
from sqldojo.service.sessions.session import ReplayMismatch
from sqldojo.service.tasks.bank import TaskBank

from .load import Account, Load, compare, patience

PATIENT = ("--statement-deadline", "60")  # a busy machine must not decide what a statement gives


@dataclass
class Rig:
    """`undisturbed` is a server without a journal. `postgres` is None where there is no PostgreSQL."""

    folder: Path
    undisturbed: servers.Server
    tasks: list[str]
    postgres: postgres.Postgres | None
    episodes: Episodes  # to play journals again
    rng: random.Random = field(default_factory=lambda: random.Random(11))
    _expected: dict[int, Episode] = field(default_factory=dict)
    _one_by_one: asyncio.Lock = field(default_factory=asyncio.Lock)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def new_file(self) -> str:
        """Gives the place of a SQLite journal."""
        return str(self.folder / f"journal-{next(self._numbers)}.sqlite")

    async def new_database(self, server: postgres.Postgres | None = None) -> str:
        """Makes a PostgreSQL journal and gives its URL."""
        server = server or self.postgres
        assert server is not None
        url = await asyncio.to_thread(server.create_database, f"chaos_{next(self._numbers)}")
        async with self._one_by_one:
            await upgrade(journal_url(url))
        return url

    async def account(self, load: Load, journal: str, faults: int) -> Account:
        """Compares a load with the same episodes on the undisturbed server, and with the journal.

        The journal's episodes are played again too, as `sqldojo journal verify` does.
        """
        count = max((episode.spec.seed for episode in load.played), default=-1) + 1
        async with self._one_by_one:
            if count > len(self._expected):
                calm = Load(self.undisturbed.address, self.tasks, concurrency=64, thinking=0.0)
                await calm.play(range(len(self._expected), count))
                self._expected.update((episode.spec.seed, episode) for episode in calm.played)
        found = Account(faults=faults)
        compare(found, load.played, self._expected, await self.kept(journal, found))
        return found

    async def kept(self, journal: str, found: Account) -> dict[str, list[dict[str, Any]]]:
        """Gives each session's episodes in a journal, the oldest first. `found` is told of mismatches."""
        recorded = await _recorded(journal)
        await asyncio.to_thread(self._play_again, recorded, found)
        kept: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for each in sorted(recorded, key=lambda each: each.episode.generation):
            kept[each.episode.session_id].append(episode_record(each))
        return kept

    def _play_again(self, recorded: list[Recorded], found: Account) -> None:
        for each in recorded:
            try:
                self.episodes.replay(each).episode.close()
            except (ReplayMismatch, Refusal) as mismatch:
                found.wrong += 1
                found.what.append(f"{each.episode.session_id}: played again, {mismatch}")


async def _recorded(url: str) -> list[Recorded]:
    journal = await Journal.open(journal_url(url))
    try:
        return [each async for each in journal.episodes()]
    finally:
        await journal.close()


@contextlib.contextmanager
def rig(folder: Path, database: postgres.Postgres | None) -> Iterator[Rig]:
    """Starts what a rig has of its own."""
    set_process_time_zone()
    bank = TaskBank.default()
    pool = DatabasePool(Limits(deadline_seconds=60))
    episodes = Episodes(bank, pool, SqlReviewer(), BUILT_IN_PROFILES, ENCODING)
    with patience(), servers.serving(*PATIENT) as undisturbed:
        yield Rig(folder, undisturbed, asyncio.run(_some_tasks(undisturbed.address)), database, episodes)


async def _some_tasks(address: str) -> list[str]:
    async with connect(address) as dojo:
        tasks = await dojo.tasks()
    return [task.task_id for task in tasks[:: max(1, len(tasks) // 40)]]


@dataclass
class Site:
    """One address, and the server that serves there now; what comes after it has the same journal."""

    journal: str
    port: int = field(default_factory=free_port)
    options: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    server: servers.Server = field(init=False)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Has a server begin; does not wait for it."""
        self.server = servers.start(
            *PATIENT,
            "--journal",
            self.journal,
            *self.options,
            address=self.address,
            environment=self.environment,
        )

    async def ready(self) -> None:
        """Waits until it serves."""
        await asyncio.to_thread(lambda: self.server.address)

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Serves while the block runs, which may end and start servers."""
        self.start()
        try:
            await self.ready()
            yield
            assert await asyncio.to_thread(self.server.close) == 0
        finally:
            if self.server.process.poll() is None:
                self.server.kill()
