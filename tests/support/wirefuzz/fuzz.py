"""A server that is sent what no proper client sends, and what is looked at meanwhile and afterwards."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import servers

from sqldojo.cli.token import entry
from sqldojo.client import Answer, Describe, Dojo, EpisodeSpec, Query, Task, TaskKind, connect
from sqldojo.service.core import task as core
from sqldojo.service.tasks import BankDatabase, TaskBank, write_bank
from sqldojo.v1 import environment_pb2 as pb

from . import connections
from .calls import Findings, send
from .messages import World
from .processes import Held, family, sockets

TOKEN = "token-of-the-fuzzer"
TASKS = 12  # so few that all is in memory that may be kept there, after the first half
GROWTH_BYTES = 48 * 1024 * 1024  # of one process's memory in the second half: what malloc scatters


@dataclass
class Report:
    """What was sent, what came of it, and what the processes held before, after one pass and after both."""

    findings: Findings = field(default_factory=Findings)
    connections: Counter[str] = field(default_factory=Counter)
    held: list[dict[int, Held]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    log: str = ""

    @property
    def faults(self) -> list[str]:
        """What should not have been; empty when all is well."""
        return [*self.findings.wrong, *self.wrong]


async def fuzz(
    folder: Path,
    seed: int,
    messages: int,
    *,
    each_connection: int,
    lingering: int,
    large: bool = False,
    rest: float = 0.0,
) -> Report:
    """Sends a server half of the messages, and then the other half.

    Beside each half it makes `each_connection` connections of every kind, holds `lingering` more that say
    next to nothing, and plays episodes as an ordinary client. `large` is for messages of 8 MB and more. What
    the processes hold is the least of the `rest` seconds after a half, in which gRPC frees what is left.
    """
    report = Report()
    with servers.serving(*_options(folder)) as server:
        address = server.address
        async with connect(address, token=TOKEN) as dojo, connect(address, token=server.token) as oracle:
            tasks = await dojo.tasks()
            task = next(each for each in await oracle.tasks(gold=True) if each.kind is TaskKind.EXPLORE)
            tables = (await dojo.database(task.database_id)).tables
            world = World(
                [each.task_id for each in tasks], [task.database_id], [each.name for each in tables]
            )
            expected = await _play(dojo, task)
            assert expected > 1.0, "the gold answer solves it"
            report.held.append(family(server.process.pid))
            open_before = sockets(server.process.pid)
            for half in range(2):
                rng = random.Random(seed + half)
                async with connections.lingering(address, lingering, report.connections):
                    bystander = asyncio.ensure_future(_play_on(dojo, task))
                    report.findings.add(
                        await _send(address, rng.getrandbits(64), world, messages // 2, large)
                    )
                    await connections.attack(address, rng, each_connection, report.connections)
                    bystander.cancel()
                    report.wrong += [
                        f"a bystander earned {each}" for each in await bystander if each != expected
                    ]
                    await _close(address, world)
                    report.wrong += [
                        f"afterwards {each}" for each in [await _play(dojo, task)] if each != expected
                    ]
                await _connections_closed(server.process.pid, open_before)
                report.held.append(await _least(server.process.pid, rest))
    report.log = str(server.log)
    report.wrong += _look_at(report)
    return report


def _options(folder: Path) -> Sequence[str]:
    tokens = folder / "tokens.toml"
    tokens.write_text(entry("fuzzer", "trainer", TOKEN))
    return (
        "--tokens", str(tokens), "--bank", str(_small_bank(folder)),
        "--journal", str(folder / "journal.sqlite"),
        "--players", "2", "--max-sessions", "200", "--statement-deadline", "0.05", "--idle-seconds", "60",
    )  # fmt: skip


def _small_bank(folder: Path) -> Path:
    """Makes a bank of some tasks of both kinds on one database of the default bank."""
    bank = TaskBank.default()
    info = bank.databases[0]
    kinds = [bank.select(kind=kind, database_id=info.database_id) for kind in core.TaskKind]
    database = BankDatabase(info.database_id, info.title, info.split, bank.images(info.database_id).images)
    path = folder / "bank.sqlite"
    write_bank(path, [database], [task for some in kinds for task in some[: TASKS // 2]])
    return path


async def _play(dojo: Dojo, task: Task) -> float:
    """Plays an episode with the gold query, and gives its reward."""
    assert task.gold is not None
    assert task.gold.answer is not None
    session = await dojo.open_session(EpisodeSpec(task.task_id, seed=1))
    await session.step(Describe(task.gold.tables[0]))
    await session.step(Query(task.gold.sql))
    await session.step(Answer(task.gold.answer))
    await session.close()
    return session.total_reward


async def _play_on(dojo: Dojo, task: Task) -> list[float]:
    """Plays one episode after the other until it is cancelled, and gives the rewards of those that ended."""
    rewards: list[float] = []
    try:
        while True:
            rewards.append(await _play(dojo, task))
    except asyncio.CancelledError:
        return rewards


async def _send(address: str, seed: int, world: World, messages: int, large: bool) -> Findings:
    """Sends messages from a process of its own, so that its end is the end of all its connections."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(process, send, address, TOKEN, seed, world, messages, large)


async def _close(address: str, world: World) -> None:
    """Closes the sessions that the messages were about."""
    frame = pb.RolloutRequest(
        commands=[
            pb.Command(close=pb.CloseSessionRequest(session_id=each.session_id)) for each in world.sessions
        ]
    )
    metadata = (("authorization", f"Bearer {TOKEN}"),)
    async with grpc.aio.insecure_channel(address) as channel:
        call = channel.unary_unary("/sqldojo.v1.EnvironmentService/Rollout")
        reply = pb.RolloutResponse.FromString(await call(frame.SerializeToString(), metadata=metadata))
    assert len(reply.results) == len(world.sessions)


async def _connections_closed(pid: int, open_before: int) -> None:
    """Waits until the server has closed the connections that were made, as it must within a while."""
    async with asyncio.timeout(60):
        while sockets(pid) > open_before:  # noqa: ASYNC110 - another process's, which tells nobody
            await asyncio.sleep(0.05)


async def _least(pid: int, seconds: float) -> dict[int, Held]:
    """Gives the least that each process held in so many seconds."""
    held = family(pid)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        await asyncio.sleep(0.5)
        now = family(pid)
        held = {each: Held(*map(min, held.get(each, now[each]), now[each])) for each in now}
    return held


def _look_at(report: Report) -> list[str]:
    wrong = []
    before, first, second = report.held
    if not before.keys() == first.keys() == second.keys():
        wrong.append(f"processes ended or came: {list(before)}, {list(first)}, {list(second)}")
    else:
        for pid, held in second.items():
            if held.memory > first[pid].memory + GROWTH_BYTES or held.descriptors > first[pid].descriptors:
                wrong.append(f"process {pid} held {first[pid]} after the first half, {held} after the second")
    for text in ("Traceback", " ERROR ", "INTERNAL"):
        wrong += [f"the log: {line}" for line in report.log.splitlines() if text in line]
    return wrong
