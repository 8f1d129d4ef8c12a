"""The faults. Each is tried so many times on servers under load, and gives the account of that load.

Each also waits for the line in a server's log that names what happened.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import haproxy
import postgres
from cutting_proxy import CuttingProxy
from servers import players_of

from sqldojo.client import connect

from .load import Account, Load
from .rig import Rig, Site
from .streams import look_for, play_with_cuts

GREEDY = (  # 130 MB of rows, less than a statement may take, which are gone through for some time
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 15000), wide AS MATERIALIZED"
    " (SELECT printf('%08000d', i) AS t FROM n) SELECT count(*) FROM wide AS a, n AS b WHERE a.t < b.i"
)
MOVED_CLOCK = Path(__file__).resolve().parents[1] / "moved_clock"
DAY = 86_400


async def kills(rig: Rig, times: int) -> Account:
    """kill -9 at random points of the load; a new server takes the journal over."""
    site = Site(rig.new_file())
    load = Load(site.address, rig.tasks)
    async with site.serving(), load.running():
        for _ in range(times):
            await load.goes_on(rig.rng.randrange(1, 60))
            site.server.kill()
            site.start()
            await site.ready()
        await load.goes_on(1)
        await _waiting(site, "sessions brought back")
    return await rig.account(load, site.journal, times)


async def termination(rig: Rig, times: int) -> Account:
    """SIGTERM under load: what is under way is finished, and the exit status is 0 within the grace time."""
    site = Site(rig.new_file())
    load = Load(site.address, rig.tasks)
    async with site.serving(), load.running():
        for _ in range(times):
            await load.goes_on(rig.rng.randrange(1, 60))
            before = time.monotonic()
            assert await asyncio.to_thread(site.server.terminate) == 0
            assert time.monotonic() - before < 10.0 + 5.0  # its grace, and what the machine is late
            assert "stopping: finishing what is under way" in site.server.log
            await _waiting(site, "stopped; all that was answered is in the journal")
            site.start()
            await site.ready()
        await load.goes_on(1)
    return await rig.account(load, site.journal, times)


async def player_kills(rig: Rig, times: int) -> Account:
    """A process that plays is killed; the server goes on, and another one takes its sessions over."""
    site = Site(rig.new_file(), options=("--players", "2"))
    load = Load(site.address, rig.tasks)
    async with site.serving(), load.running():
        for number in range(1, times + 1):
            await load.goes_on(rig.rng.randrange(1, 60))
            os.kill(rig.rng.choice(players_of(site.server.process.pid)), signal.SIGKILL)
            await _waiting(site, "has been replaced", times=number)
        await load.goes_on(50)
    return await rig.account(load, site.journal, times)


async def player_memory(rig: Rig, times: int) -> Account:
    """Statements that use up the memory of a process that plays, beside the load."""
    site = Site(rig.new_file(), options=("--player-memory", "160"))
    load = Load(site.address, rig.tasks)
    async with site.serving(), load.running(), connect(site.address) as dojo:
        for number in range(1, times + 1):
            await load.goes_on(rig.rng.randrange(1, 60))
            async with dojo.session(rig.tasks[0], session_id=f"greedy-{number}") as greedy:
                step = await greedy.query(GREEDY)
            assert step.observation.error is not None
            assert "160 MB that its process may have" in step.observation.error.message
            await _waiting(site, "has been replaced", times=number)
        await load.goes_on(50)
    return await rig.account(load, site.journal, times)


async def full_disk(rig: Rig, times: int) -> Account:
    """No room for the journal to grow, for a while."""
    with _small_disk(rig) as disk:
        site = Site(str(disk.folder / "journal.sqlite"))
        load = Load(site.address, rig.tasks)
        async with site.serving(), load.running():
            for number in range(1, times + 1):
                await load.goes_on(50)
                disk.fill(site.server.process.pid)
                await _waiting(site, "cannot be written", times=number)
                disk.free(site.server.process.pid)
                await _waiting(site, "is written again", times=number)
            await load.goes_on(50)
        return await rig.account(load, site.journal, times)


async def locked_file(rig: Rig, times: int) -> Account:
    """Another process holds the journal's lock for longer than the server waits for it."""
    site = Site(rig.new_file())
    load = Load(site.address, rig.tasks)
    async with site.serving(), load.running():
        for number in range(1, times + 1):
            await load.goes_on(50)
            with contextlib.closing(sqlite3.connect(site.journal, timeout=60)) as other:
                other.execute("BEGIN EXCLUSIVE")
                await _waiting(site, "database is locked", times=number)
            await _waiting(site, "is written again", times=number)
        await load.goes_on(50)
    return await rig.account(load, site.journal, times)


async def cut_connections(rig: Rig, times: int) -> Account:
    """The connections to the database break off after random numbers of bytes, so also in transactions."""
    assert rig.postgres is not None
    journal = await rig.new_database()
    proxy = CuttingProxy(rig.postgres.port)
    with proxy.running():
        site = Site(journal.replace(f":{rig.postgres.port}/", f":{proxy.port}/"))
        load = Load(site.address, rig.tasks)
        async with site.serving(), load.running():
            await load.goes_on(50)
            proxy.cut_after(lambda: rig.rng.randrange(2_000, 60_000))
            while proxy.cuts < times:
                await load.goes_on(5)
            proxy.cut_after(lambda: None)
            await load.goes_on(50)
            await _waiting(site, "cannot be written")
            await _waiting(site, "is written again")
    return await rig.account(load, journal, proxy.cuts)


async def database_restarts(rig: Rig, times: int) -> Account:
    """PostgreSQL ends in the middle of what it does, and comes back."""
    async with _own_postgres() as database:
        site = Site(await rig.new_database(database))
        load = Load(site.address, rig.tasks)
        async with site.serving(), load.running():
            for _ in range(times):
                await load.goes_on(50)
                failed = site.server.log.count("cannot be written")
                await asyncio.to_thread(database.stop)
                await _waiting(site, "cannot be written", times=failed + 1)
                await asyncio.to_thread(database.start)
                await load.goes_on(50)
            await _waiting(site, "is written again")
        return await rig.account(load, site.journal, times)


async def clock_set_back(rig: Rig, times: int) -> Account:
    """The clock goes back by a day, under a server that runs, and again before the next one starts."""
    clock = rig.folder / "clock"
    clock.write_text("0")
    moved = {"MOVED_CLOCK": str(clock), "PYTHONPATH": os.pathsep.join([str(MOVED_CLOCK), *_python_path()])}
    site = Site(rig.new_file(), environment=moved)
    load = Load(site.address, rig.tasks)
    async with site.serving(), load.running():
        for number in range(times):
            await load.goes_on(50)
            clock.write_text(str(-(2 * number + 1) * DAY))
            await load.goes_on(50)
            await _waiting(site, "the clock was set back")
            site.server.kill()
            clock.write_text(str(-(2 * number + 2) * DAY))
            site.start()
            await site.ready()
            await load.goes_on(50)
            await _waiting(site, "were played in the future")
    return await rig.account(load, site.journal, 2 * times)


async def cut_streams(rig: Rig, times: int) -> Account:
    """A stream is cut after each frame that is written and each reply that is read, and resumed on another.

    The first rounds cut at one place each, the last one at all of them.
    """
    site = Site(rig.new_file())
    async with site.serving():
        found = Account()
        sessions = await asyncio.to_thread(
            play_with_cuts, site.address, rig.undisturbed.address, rig.tasks, times, found
        )
        await _waiting(site, "a stream was cut off")
    look_for(sessions, await rig.kept(site.journal, found), found)
    return found


async def replica_kills(rig: Rig, times: int, *, episodes: int, count: int = 2) -> Account:
    """Replicas behind HAProxy on one database are killed and started again, one after the other."""
    journal = await rig.new_database()
    sites = [Site(journal) for _ in range(count)]
    with haproxy.balanced([site.address for site in sites]) as address:
        load = Load(address, rig.tasks, single=6, at_least=episodes)
        async with _all_serving(sites), load.running():
            for number in range(times):
                await load.goes_on(rig.rng.randrange(20, 100))
                site = sites[number % count]
                site.server.kill()
                site.start()
                await site.ready()
            await load.goes_on(1)
        assert all("sessions brought back" in site.server.log for site in sites)
    await asyncio.to_thread(_verify, journal)
    return await rig.account(load, journal, times)


def _verify(journal: str) -> None:
    command = [sys.executable, "-m", "sqldojo.cli", "journal", "verify", "--journal", journal]
    verified = subprocess.run(command, capture_output=True, text=True, check=False)
    assert verified.returncode == 0, verified.stdout + verified.stderr


@contextlib.asynccontextmanager
async def _own_postgres() -> AsyncIterator[postgres.Postgres]:
    """Runs a PostgreSQL that others do not use."""
    context = postgres.postgres_server()
    server = await asyncio.to_thread(context.__enter__)
    try:
        yield server
    finally:
        await asyncio.to_thread(context.__exit__, None, None, None)


@contextlib.asynccontextmanager
async def _all_serving(sites: list[Site]) -> AsyncIterator[None]:
    async with contextlib.AsyncExitStack() as stack:
        await asyncio.gather(*(stack.enter_async_context(site.serving()) for site in sites))
        yield


def _python_path() -> list[str]:
    return [os.environ["PYTHONPATH"]] if "PYTHONPATH" in os.environ else []


async def _waiting(site: Site, text: str, *, times: int = 1) -> None:
    await asyncio.to_thread(lambda: site.server.log.wait_for(text, times=times))


class _SmallDisk:
    """A file system of a few megabytes, where root may mount one; else a limit on files' sizes."""

    def __init__(self, folder: Path, *, is_mounted: bool) -> None:
        self.folder = folder
        self._is_mounted = is_mounted

    def fill(self, process: int) -> None:
        if not self._is_mounted:
            resource.prlimit(process, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
            return
        with contextlib.suppress(OSError), (self.folder / "ballast").open("wb", buffering=0) as ballast:
            while True:
                ballast.write(bytes(4096))

    def free(self, process: int) -> None:
        if not self._is_mounted:
            unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
            resource.prlimit(process, resource.RLIMIT_FSIZE, unlimited)
            return
        (self.folder / "ballast").unlink()


@contextlib.contextmanager
def _small_disk(rig: Rig) -> Iterator[_SmallDisk]:
    folder = rig.folder / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "chaos", str(folder)]
    is_mounted = os.geteuid() == 0 and subprocess.run(mount, check=False, capture_output=True).returncode == 0
    try:
        yield _SmallDisk(folder, is_mounted=is_mounted)
    finally:
        if is_mounted:
            subprocess.run(["umount", str(folder)], check=True)
