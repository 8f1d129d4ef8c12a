"""Load on a real server process: frames over one stream, and single calls."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import grpc

from sqldojo.v1 import action_pb2
from sqldojo.v1 import environment_pb2 as pb

from . import workload

BUDGET = 15  # steps of an episode; then its session begins anew
SERVICE = "/sqldojo.v1.EnvironmentService/"


@contextmanager
def server(bank: Path) -> Iterator[str]:
    """Runs a server of its own on a bank, and gives its address."""
    command = [sys.executable, "-m", "sqldojo.cli", "serve", "--address", "127.0.0.1:0", "--embedded"]
    process = subprocess.Popen(
        [*command, "--bank", str(bank)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["address"]
    finally:
        process.terminate()
        process.wait(timeout=30)


def channel(address: str) -> grpc.aio.Channel:
    """Opens a channel with the options that the client package uses for its streams."""
    return grpc.aio.insecure_channel(
        address,
        [("grpc.max_receive_message_length", -1), ("grpc.http2.lookahead_bytes", 4 * 1024 * 1024)],
    )


class _Session:
    """One session of the load: gives its next command, and begins anew when its episode is over."""

    def __init__(self, name: str, kind: str, numbers: Any) -> None:
        self._name = name
        self._kind = kind
        self._numbers = numbers
        self._step = BUDGET

    def next(self) -> pb.Command:
        if self._step == BUDGET:
            self._step = 0
            return pb.Command(
                reset=pb.ResetRequest(task_id=workload.TASK_ID, session_id=self._name, budget=BUDGET)
            )
        self._step += 1
        return pb.Command(step=self.request())

    def request(self) -> pb.StepRequest:
        query = action_pb2.Query(sql=workload.statement(self._kind, next(self._numbers)))
        return pb.StepRequest(
            session_id=self._name, step_index=self._step, action=action_pb2.Action(query=query)
        )


async def by_frames(
    channel: grpc.aio.Channel, kind: str, seconds: float, *, frame: int = 128, outstanding: int = 4
) -> float:
    """Plays `frame * outstanding` sessions over one stream for about `seconds`; gives steps per second.

    Resets are played as well, one in a hundred commands, but not counted.
    """
    numbers = count()
    groups = [
        [_Session(f"frames-{kind}-{group}-{place}", kind, numbers) for place in range(frame)]
        for group in range(outstanding)
    ]
    stream = channel.stream_stream(SERVICE + "Rollout")()
    for group in groups:
        await stream.write(_frame(group))
    steps, turn = 0, 0
    started = time.perf_counter()
    while (elapsed := time.perf_counter() - started) < seconds:
        steps += _count(await stream.read())
        await stream.write(_frame(groups[turn % outstanding]))
        turn += 1
    for _ in groups:
        await stream.read()
    await stream.done_writing()
    return steps / elapsed


async def by_calls(channel: grpc.aio.Channel, kind: str, seconds: float, *, in_flight: int = 64) -> float:
    """Plays `in_flight` sessions by single calls at once for about `seconds`; gives steps per second."""
    numbers = count()
    step_call = channel.unary_unary(SERVICE + "Step")
    reset_call = channel.unary_unary(SERVICE + "Reset")
    steps = 0
    started = time.perf_counter()

    async def play(session: _Session) -> None:
        nonlocal steps
        while time.perf_counter() - started < seconds:
            command = session.next()
            if command.WhichOneof("kind") == "reset":
                await reset_call(command.reset.SerializeToString())
            else:
                data = await step_call(command.step.SerializeToString())
                assert pb.StepResponse.FromString(data).observation.result.row_count == 20
                steps += 1

    await asyncio.gather(*(play(_Session(f"calls-{kind}-{i}", kind, numbers)) for i in range(in_flight)))
    return steps / (time.perf_counter() - started)


def _frame(sessions: list[_Session]) -> bytes:
    return pb.RolloutRequest(commands=[session.next() for session in sessions]).SerializeToString()


def _count(data: bytes) -> int:
    steps = 0
    for result in pb.RolloutResponse.FromString(data).results:
        if result.WhichOneof("kind") == "step":
            assert result.step.observation.result.row_count == 20, result
            steps += 1
        else:
            assert result.WhichOneof("kind") == "reset", result
    return steps
