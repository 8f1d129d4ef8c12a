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
from typing import NamedTuple

import grpc

from sqldojo.v1 import action_pb2
from sqldojo.v1 import environment_pb2 as pb

from . import workload

BUDGET = 15  # steps of an episode; then its session begins anew
SERVICE = "/sqldojo.v1.EnvironmentService/"

Call = grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]
Stream = grpc.aio.StreamStreamCall[bytes, bytes]


class Server(NamedTuple):
    """A server that runs: where it serves, and its process."""

    address: str
    pid: int


@contextmanager
def server(bank: Path, *options: str) -> Iterator[Server]:
    """Runs a server of its own on a bank, with further options of `sqldojo serve`."""
    command = [sys.executable, "-m", "sqldojo.cli", "serve", "--address", "127.0.0.1:0", "--embedded"]
    process = subprocess.Popen(
        [*command, "--bank", str(bank), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield Server(json.loads(process.stdout.readline())["address"], process.pid)
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

    def __init__(self, name: str, kind: str, numbers: Iterator[int]) -> None:
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


class FrameLoad:
    """`frame * outstanding` sessions over one stream, with `outstanding` frames under way at any time.

    `steps` is how many were played in all.
    """

    def __init__(
        self,
        channel: grpc.aio.Channel,
        kind: str,
        *,
        frame: int = 128,
        outstanding: int = 4,
        name: str = "frames",
        token: str = "",
    ) -> None:
        numbers = count()
        self._groups = [
            [_Session(f"{name}-{kind}-{group}-{place}", kind, numbers) for place in range(frame)]
            for group in range(outstanding)
        ]
        self._turn = 0
        self.steps = 0
        metadata = (("authorization", f"Bearer {token}"),) if token else ()
        self._stream: Stream = channel.stream_stream(SERVICE + "Rollout")(metadata=metadata)

    async def start(self) -> None:
        """Sends the first frames."""
        for group in self._groups:
            await self._stream.write(_frame(group))

    async def steps_per_second(self, seconds: float) -> float:
        """Plays for about `seconds` and gives the rate. Resets are played as well, but not counted."""
        for _ in self._groups:  # their replies came while nothing was measured
            await self._turn_over()
        steps = 0
        started = time.perf_counter()
        while (elapsed := time.perf_counter() - started) < seconds:
            steps += await self._turn_over()
        return steps / elapsed

    async def drain(self) -> None:
        """Takes the replies to the frames that are under way, and sends no others until the next start."""
        for _ in self._groups:
            await self._take()
        self._turn = 0

    async def _turn_over(self) -> int:
        """Takes the next reply and sends the next frame of its sessions; gives the steps that were played."""
        steps = await self._take()
        await self._stream.write(_frame(self._groups[self._turn]))
        self._turn = (self._turn + 1) % len(self._groups)
        return steps

    async def _take(self) -> int:
        reply = await self._stream.read()
        assert isinstance(reply, bytes), "the server ended the stream"
        steps = _count(reply)
        self.steps += steps
        return steps


class CallLoad:
    """`in_flight` sessions that play by single calls, all at once."""

    def __init__(self, channel: grpc.aio.Channel, kind: str, *, in_flight: int = 64) -> None:
        numbers = count()
        self._sessions = [_Session(f"calls-{kind}-{place}", kind, numbers) for place in range(in_flight)]
        self._step: Call = channel.unary_unary(SERVICE + "Step")
        self._reset: Call = channel.unary_unary(SERVICE + "Reset")

    async def steps_per_second(self, seconds: float) -> float:
        """Plays for about `seconds` and gives the rate. Resets are played as well, but not counted."""
        started = time.perf_counter()
        steps = sum(await asyncio.gather(*(self._play(each, started + seconds) for each in self._sessions)))
        return steps / (time.perf_counter() - started)

    async def _play(self, session: _Session, until: float) -> int:
        steps = 0
        while time.perf_counter() < until:
            command = session.next()
            if command.WhichOneof("kind") == "reset":
                await self._reset(command.reset.SerializeToString())
                continue
            data = await self._step(command.step.SerializeToString())
            assert pb.StepResponse.FromString(data).observation.result.row_count == 20
            steps += 1
        return steps


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
