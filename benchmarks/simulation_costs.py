"""What the simulation stands on: the costs of a step, measured here in some seconds on one core each."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from sqldojo.service.sessions.journal.engine import journal_url, make_engine, upgrade
from sqldojo.service.sessions.journal.journal import Journal
from sqldojo.service.sessions.journal.records import Batch, EpisodeRecord, StepRecord, new_episode_id

from . import server_load, workload
from .bare_loop import REWARD, frame_bytes
from .figure import NotMeasurable
from .processes import cpu_seconds, family

FRAME = 128
SUPPORT = Path(__file__).resolve().parent.parent / "tests" / "support"  # where postgres.py is
SMALL, LARGE = 8, 512  # steps of a transaction: their costs give the one of a transaction and of a step
OPENED = 2_048  # sessions, to see what one takes of memory


@dataclass(frozen=True, slots=True)
class Costs:
    """Costs of a light step, in microseconds of one core where nothing else is said.

    `player` is that of the processes that play. `front_sqlite` and `front_postgres` are those of the process
    that speaks gRPC and writes the journal, by the journal's kind. `transaction` and `row` are PostgreSQL's,
    for each transaction and for each step in it, and `log_bytes` what a step adds to its log.
    `wire_bytes` go between client and server for a step; `session_bytes` is what a live session takes of
    memory after a step.
    """

    player: float
    front_sqlite: float
    front_postgres: float
    transaction: float
    row: float
    log_bytes: float
    wire_bytes: float
    session_bytes: float


def measure(seconds: float) -> Costs:
    """Measures everything in about `seconds`, after some of starting. Raises NotMeasurable."""
    with _postgres() as (url, pid):
        on_sqlite = asyncio.run(_server("normal", seconds / 3))
        on_postgres = asyncio.run(_server(url, seconds / 3))
        transaction, row, log_bytes = asyncio.run(_transactions(url, pid, seconds / 3))
    return Costs(
        player=(on_sqlite.player + on_postgres.player) / 2,
        front_sqlite=on_sqlite.front,
        front_postgres=on_postgres.front,
        transaction=transaction,
        row=row,
        log_bytes=log_bytes,
        wire_bytes=_wire_bytes(),
        session_bytes=on_sqlite.session_bytes,
    )


class _Server(NamedTuple):
    front: float
    player: float
    session_bytes: float


async def _server(journal: str, seconds: float) -> _Server:
    with server_load.server("--result-memory", "0", journal=journal) as server:
        async with server_load.channel(server.address) as channel:
            load = server_load.FrameLoad(channel, "light", frame=FRAME)
            await load.play(seconds / 4)  # what is done once is done
            memory = _memory(server.pid)
            many = server_load.FrameLoad(channel, "light", frame=FRAME, outstanding=1, name="many")
            for _ in range(2):  # they are opened, and play a step
                await many.grow(OPENED)
            session_bytes = (_memory(server.pid) - memory) / OPENED
            before, steps = _cpu(server.pid), load.steps
            await load.play(seconds)
            after, steps = _cpu(server.pid), load.steps - steps
    front, player = ((late - early) / steps * 1e6 for early, late in zip(before, after, strict=True))
    return _Server(front, player, session_bytes)


async def _transactions(url: str, pid: int, seconds: float) -> tuple[float, float, float]:
    """Gives microseconds of CPU for a transaction and for a step in it, and the log's bytes for a step."""
    engine = make_engine(journal_url(url))
    journal = await Journal.open(journal_url(url))
    costs, log_bytes = [], 0.0
    try:
        for size in (SMALL, LARGE):
            episodes = [_episode(number) for number in range(size)]
            await journal.write(Batch(opened=episodes))
            began, before, log, index = time.perf_counter(), cpu_seconds(pid), await _log(engine), 0
            while time.perf_counter() - began < seconds / 2:
                index += 1
                await journal.write(Batch(steps=[_step(each.episode_id, index) for each in episodes]))
            costs.append((cpu_seconds(pid) - before) / index * 1e6)
            log_bytes = (await _log(engine) - log) / index / size
    finally:
        await journal.close()
        await engine.dispose()
    row = (costs[1] - costs[0]) / (LARGE - SMALL)
    return max(costs[0] - SMALL * row, 0.0), row, log_bytes


async def _log(engine: AsyncEngine) -> float:
    async with engine.connect() as connection:
        written = await connection.execute(text("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"))
        return float(written.scalar_one())


def _episode(number: int) -> EpisodeRecord:
    return EpisodeRecord(
        new_episode_id(), f"{secrets.token_hex(8)}-{number}", 1, workload.TASK_ID, "sqlenv", 0, 15, "", "",
        "0" * 64, time.time(), bytes(16),
    )  # fmt: skip


def _step(episode_id: int, index: int) -> StepRecord:
    sql = workload.statement("light", index).encode()
    reward = REWARD.SerializeToString()
    return StepRecord(
        episode_id, index, 3, sql, False, 0.01, reward, 0, secrets.token_bytes(16), None, time.time()
    )


def _wire_bytes() -> float:
    """Gives the bytes of a step's command and its result, as the bare loop has them."""
    command, result = frame_bytes("light")
    return (command + result) / FRAME


def _cpu(pid: int) -> tuple[float, float]:
    """Gives the CPU time of a process by itself, and of its children."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        own = sum(map(int, stat.read().rpartition(")")[2].split()[11:13])) / os.sysconf("SC_CLK_TCK")
    return own, cpu_seconds(pid) - own


def _memory(pid: int) -> int:
    """Gives the bytes of memory of a process and its children, each shared page counted once."""
    total = 0
    for one in family(pid):
        lines = Path(f"/proc/{one}/smaps_rollup").read_text(encoding="utf-8").splitlines()
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return total


@contextmanager
def _postgres() -> Iterator[tuple[str, int]]:
    """Runs a server of the tests' own; gives the URL of a journal and the process. Raises NotMeasurable."""
    sys.path.append(str(SUPPORT))
    try:
        postgres = import_module("postgres")
    finally:
        sys.path.remove(str(SUPPORT))
    if not postgres.is_installed():
        raise NotMeasurable("there is no PostgreSQL here to measure on: install one")
    with postgres.postgres_server() as server:
        url = server.create_database("journal")
        asyncio.run(upgrade(journal_url(url)))
        pid = int(Path(server.folder, "data", "postmaster.pid").read_text(encoding="utf-8").split()[0])
        yield url, pid
