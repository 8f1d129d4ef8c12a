"""A server that is sent what no proper client sends, and what is looked at meanwhile and afterwards."""

from __future__ import annotations

import asyncio
import hashlib
import multiprocessing
import random
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import servers

from sqldojo.client import Answer, Describe, Dojo, EpisodeSpec, Query, Task, TaskKind, connect
from sqldojo.v1 import environment_pb2 as pb

from . import connections
from .calls import Findings, send
from .messages import World
from .processes import Held, family, sockets

TOKEN = "token-of-the-fuzzer"  # noqa: S105 - of a server on localhost, for as long as it takes
TASKS = 6  # so few that their databases are all open after the first pass


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
    folder: Path, seed: int, messages: int, *, each_connection: int, lingering: int, large: bool
) -> Report:
    """Sends a server half of the messages, and then the other half.

    Beside each half it makes `each_connection` connections of every kind, holds `lingering` more that say next
    to nothing, and plays an episode as an ordinary client.
    """
    report = Report()
    with servers.serving(*_options(folder)) as server:
        address = server.address
        async with connect(address, token=TOKEN) as dojo, connect(address, token=server.token) as oracle:
            tasks = await dojo.tasks()
            task = next(each for each in await oracle.tasks(gold=True) if each.kind is TaskKind.EXPLORE)
            world = _world(tasks, [each.name for each in (await dojo.database(task.database_id)).tables])
            expected = await _play(dojo, task)
            assert expected > 1.0, "the gold answer solves it"
            report.held.append(family(server.process.pid))
            open_before = sockets(server.process.pid)
            for half in range(2):
                rng = random.Random(seed + half)
                async with connections.lingering(address, lingering, report.connections):
                    bystander = asyncio.ensure_future(_play_on(dojo, task))
                    report.findings.add(await _send(address, rng.getrandbits(64), world, messages // 2, large))
                    await connections.attack(address, rng, each_connection, report.connections)
                    bystander.cancel()
                    report.wrong += [f"a bystander earned {each}" for each in await bystander if each != expected]
                    await _close(address, world)
                    report.wrong += [f"afterwards {each}" for each in [await _play(dojo, task)] if each != expected]
                await _settle(server.process.pid, open_before)
                report.held.append(family(server.process.pid))
    report.log = str(server.log)
    report.wrong += _look_at(report)
    return report


def _options(folder: Path) -> Sequence[str]:
    tokens = folder / "tokens.toml"
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    tokens.write_text(f'[[token]]\nname = "fuzzer"\nscope = "trainer"\nsha256 = "{digest}"\n')
    return (
        "--tokens", str(tokens), "--journal", str(folder / "journal.sqlite"),
        "--players", "2", "--max-sessions", "200", "--statement-deadline", "0.05",
    )  # fmt: skip


def _world(tasks: Sequence[Task], tables: Sequence[str]) -> World:
    some = [
        *[each.task_id for each in tasks if each.kind is TaskKind.EXPLORE][: TASKS // 2],
        *[each.task_id for each in tasks if each.kind is TaskKind.REPAIR][: TASKS // 2],
    ]
    return World(some, sorted({each.database_id for each in tasks})[:3], [*tables, "no_such_table"])


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
        commands=[pb.Command(close=pb.CloseSessionRequest(session_id=each.session_id)) for each in world.sessions]
    )
    metadata = (("authorization", f"Bearer {TOKEN}"),)
    async with grpc.aio.insecure_channel(address) as channel:
        call = channel.unary_unary("/sqldojo.v1.EnvironmentService/Rollout")
        reply = pb.RolloutResponse.FromString(await call(frame.SerializeToString(), metadata=metadata))
    assert len(reply.results) == len(world.sessions)


async def _settle(pid: int, open_before: int) -> None:
    """Waits until the server has closed the connections that were made, as it must within a while."""
    async with asyncio.timeout(60):
        while sockets(pid) > open_before:
            await asyncio.sleep(0.05)


def _look_at(report: Report) -> list[str]:
    wrong = []
    before, first, second = report.held
    if not before.keys() == first.keys() == second.keys():
        wrong.append(f"processes ended or came: {list(before)}, {list(first)}, {list(second)}")
    for text in ("Traceback", " ERROR ", "INTERNAL"):
        wrong += [f"the log: {line}" for line in report.log.splitlines() if text in line]
    return wrong
