"""A peer whose faults are scripted, and a real server for everything else."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
from google.protobuf import any_pb2, duration_pb2
from google.rpc import status_pb2
from grpc_status import rpc_status
from servers import ORACLE_TOKEN, serving

from sqldojo.client import (
    Action,
    Answer,
    Describe,
    Dojo,
    Observation,
    Query,
    Submit,
    SyncDojo,
    Task,
    TaskKind,
    connect,
    connect_sync,
)
from sqldojo.v1 import environment_pb2, environment_pb2_grpc, error_pb2, observation_pb2, reward_pb2

REWARD = 0.25
BUDGET = 4


@dataclass
class Refusal(Exception):
    """What the peer answers instead of playing."""

    code: grpc.StatusCode
    message: str = "refused"
    reason: int = 0
    retry_after: float | None = None

    def detail(self) -> error_pb2.ErrorDetail:
        wait = None
        if self.retry_after is not None:
            wait = duration_pb2.Duration()
            wait.FromNanoseconds(int(self.retry_after * 1e9))
        return error_pb2.ErrorDetail(
            reason=self.reason, field="session_id", hint="Try it otherwise.", retry_after=wait
        )

    def command_error(self) -> error_pb2.CommandError:
        return error_pb2.CommandError(code=self.code.value[0], message=self.message, detail=self.detail())


UNKNOWN_SESSION = Refusal(
    grpc.StatusCode.NOT_FOUND, "no such session", error_pb2.ERROR_REASON_UNKNOWN_SESSION
)
NO_ROOM = Refusal(
    grpc.StatusCode.RESOURCE_EXHAUSTED, "full", error_pb2.ERROR_REASON_TOO_MANY_SESSIONS, retry_after=0.02
)


@dataclass
class FaultyPeer(environment_pb2_grpc.EnvironmentServiceServicer):
    """Speaks the contract as a network and a server that fail do. Its game is 4 steps of 0.25 each.

    `refusals` are answered to the next unary calls, before playing, and `refused_commands` to the next
    commands of a kind. `lost_replies` counts unary replies that
    are lost after playing. `cuts` lists, for one rollout call after the other, after how many frames it is
    cut: that frame is played and not answered. `forget_on_cut` loses all sessions then, as a restart does.
    """

    refusals: deque[Refusal] = field(default_factory=deque)
    lost_replies: int = 0
    cuts: deque[int] = field(default_factory=deque)
    forget_on_cut: bool = False
    failing_frames: deque[Refusal] = field(default_factory=deque)
    refused_commands: dict[str, deque[Refusal]] = field(default_factory=dict)
    room: int = 10**9
    live: dict[str, list[Any]] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    received: Counter[str] = field(default_factory=Counter)
    frames: list[int] = field(default_factory=list)
    played: Counter[str] = field(default_factory=Counter)
    most_live: int = 0
    address: str = ""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Waits until `holds`, which is asked again after every call and frame."""
        while not holds():
            self.changed.clear()
            await self.changed.wait()

    # The game

    def reset(self, request: environment_pb2.ResetRequest) -> environment_pb2.ResetResponse:
        if request.task_id == "unknown":
            raise Refusal(grpc.StatusCode.NOT_FOUND, "no such task", error_pb2.ERROR_REASON_UNKNOWN_TASK)
        if request.session_id not in self.live and len(self.live) >= self.room:
            raise NO_ROOM
        self.live[request.session_id] = []
        self.most_live = max(self.most_live, len(self.live))
        brief = observation_pb2.Brief(
            task_id=request.task_id,
            kind=observation_pb2.TASK_KIND_EXPLORE,
            prompt="How many?",
            tables=["a", "b"],
            budget=BUDGET,
        )
        return environment_pb2.ResetResponse(
            session_id=request.session_id,
            observation=observation_pb2.Observation(brief=brief, steps_left=BUDGET),
        )

    def step(self, request: environment_pb2.StepRequest) -> environment_pb2.StepResponse:
        answers = self.live.get(request.session_id)
        if answers is None:
            raise UNKNOWN_SESSION
        if request.step_index <= len(answers):
            action, answer = answers[request.step_index - 1]
            if action != request.action:
                raise Refusal(
                    grpc.StatusCode.ALREADY_EXISTS, "conflict", error_pb2.ERROR_REASON_STEP_CONFLICT
                )
            return answer
        if request.step_index > len(answers) + 1:
            raise Refusal(grpc.StatusCode.OUT_OF_RANGE, "gap", error_pb2.ERROR_REASON_STEP_GAP)
        if request.action.query.sql == "forbidden":
            raise Refusal(
                grpc.StatusCode.INVALID_ARGUMENT, "not this one", error_pb2.ERROR_REASON_INVALID_FIELD
            )
        self.played[request.session_id] += 1
        used = len(answers) + 1
        done = used == BUDGET or request.action.HasField("answer")
        answer = environment_pb2.StepResponse(
            session_id=request.session_id,
            step_index=used,
            observation=observation_pb2.Observation(
                steps_used=used,
                steps_left=BUDGET - used,
                done=done,
                outcome=observation_pb2.OUTCOME_SOLVED if done else observation_pb2.OUTCOME_UNSPECIFIED,
            ),
            reward=reward_pb2.RewardBreakdown(total=REWARD, unclipped=REWARD),
            total_reward=REWARD * used,
        )
        answers.append((request.action, answer))
        return answer

    def close(self, request: environment_pb2.CloseSessionRequest) -> environment_pb2.CloseSessionResponse:
        if self.live.pop(request.session_id, None) is None and request.session_id not in self.closed:
            raise UNKNOWN_SESSION
        self.closed.add(request.session_id)
        return environment_pb2.CloseSessionResponse(session_id=request.session_id)

    # The wire

    async def unary(self, name: str, play: Callable[[Any], Any], request: Any, context: Any) -> Any:
        self.received[name] += 1
        try:
            if self.refusals:
                raise self.refusals.popleft()
            answer = play(request)
        except Refusal as refusal:
            detail = any_pb2.Any()
            detail.Pack(refusal.detail())
            status = status_pb2.Status(
                code=refusal.code.value[0],
                message=refusal.message,
                details=[detail] if refusal.reason else [],
            )
            await context.abort_with_status(rpc_status.to_status(status))
        self.changed.set()
        if self.lost_replies:
            self.lost_replies -= 1
            await context.abort(grpc.StatusCode.UNAVAILABLE, "connection reset")
        return answer

    async def Reset(self, request: Any, context: Any) -> Any:  # noqa: N802
        return await self.unary("Reset", self.reset, request, context)

    async def Step(self, request: Any, context: Any) -> Any:  # noqa: N802
        return await self.unary("Step", self.step, request, context)

    async def CloseSession(self, request: Any, context: Any) -> Any:  # noqa: N802
        return await self.unary("CloseSession", self.close, request, context)

    async def Rollout(self, requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:  # noqa: N802
        self.received["Rollout"] += 1
        cut = self.cuts.popleft() if self.cuts else None
        async for frame in requests:
            self.frames.append(len(frame.commands))
            if self.failing_frames:
                yield environment_pb2.RolloutResponse(error=self.failing_frames.popleft().command_error())
                continue
            reply = environment_pb2.RolloutResponse(results=map(self.command, frame.commands))
            self.changed.set()
            if cut is not None:
                cut -= 1
                if cut <= 0:
                    if self.forget_on_cut:
                        self.live.clear()
                    await context.abort(grpc.StatusCode.UNAVAILABLE, "connection reset")
            yield reply

    def command(self, command: environment_pb2.Command) -> environment_pb2.CommandResult:
        kind = command.WhichOneof("kind")
        play: Callable[[Any], Any] = {"reset": self.reset, "step": self.step, "close": self.close}[kind]
        self.received[kind] += 1
        result = environment_pb2.CommandResult(correlation_id=command.correlation_id)
        try:
            if self.refused_commands.get(kind):
                raise self.refused_commands[kind].popleft()
            getattr(result, kind).CopyFrom(play(getattr(command, kind)))
        except Refusal as refusal:
            result.error.CopyFrom(refusal.command_error())
        return result

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[Dojo]:
        """Serves on a port of its own and gives a connection to it."""
        server = grpc.aio.server()
        environment_pb2_grpc.add_EnvironmentServiceServicer_to_server(self, server)
        self.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        await server.start()
        try:
            async with connect(self.address) as dojo:
                yield dojo
        finally:
            await server.stop(None)


@pytest.fixture
def peer() -> FaultyPeer:
    return FaultyPeer()


@pytest.fixture
def refusal() -> type[Refusal]:
    return Refusal


class LossyWire:
    """A TCP relay to a server, which can lose what the server says and break off."""

    def __init__(self, address: str) -> None:
        self.mute = False
        self._host, _, self._port = address.rpartition(":")
        self._ends: set[asyncio.StreamWriter] = set()

    @contextlib.asynccontextmanager
    async def relayed(self) -> AsyncIterator[str]:
        """Gives the address to connect to instead of the server's."""
        server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        try:
            yield f"{host}:{port}"
        finally:
            server.close()
            self.cut()

    def cut(self) -> None:
        """Breaks off all connections in the middle of whatever they carry."""
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()
        self.mute = False

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self._host, self._port)
        self._ends |= {writer, far_writer}
        await asyncio.gather(
            self._pump(reader, far_writer, is_reply=False), self._pump(far_reader, writer, is_reply=True)
        )

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_reply: bool
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                if not (is_reply and self.mute):
                    writer.write(data)
        writer.close()


@pytest.fixture
def wire(dojo: SyncDojo) -> LossyWire:
    return LossyWire(dojo.address)


@pytest.fixture
def is_live(dojo: SyncDojo) -> Iterator[Callable[[str], bool]]:
    """Says whether the real server has a session of that id, asked without the client."""
    with grpc.insecure_channel(dojo.address) as channel:
        stub = environment_pb2_grpc.EnvironmentServiceStub(channel)
        owner = (("authorization", f"Bearer {ORACLE_TOKEN}"),)

        def is_live(session_id: str) -> bool:
            request = environment_pb2.GetStateRequest(session_id=session_id)
            asked = stub.GetState.future(request, timeout=30, metadata=owner)
            code = asked.code()
            assert code in (
                grpc.StatusCode.OK,
                grpc.StatusCode.NOT_FOUND,
                grpc.StatusCode.FAILED_PRECONDITION,
            )
            return code is grpc.StatusCode.OK

        yield is_live


class Knowing:
    """Plays tasks by their gold: describes a table, runs the gold query, and ends the episode."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        self._gold = {task.task_id: task.gold for task in tasks}

    def select_action(self, observation: Observation) -> Action:
        gold = self._gold[observation.task_id]
        assert gold is not None
        if observation.steps_used == 0:
            return Describe(gold.tables[0])
        if observation.kind is TaskKind.REPAIR:
            return Submit(gold.sql)
        return Query(gold.sql) if observation.steps_used == 1 else Answer(gold.answer)


@pytest.fixture(scope="session")
def knowing(explore_tasks: list[Task], repair_tasks: list[Task]) -> Knowing:
    return Knowing([*explore_tasks, *repair_tasks])


@pytest.fixture(scope="session")
def dojo() -> Iterator[SyncDojo]:
    """A connection to a real server that runs for all tests; it may see gold."""
    with serving() as server, connect_sync(server.address, token=server.token) as dojo:
        yield dojo


@pytest.fixture(scope="session")
def explore_tasks(dojo: SyncDojo) -> list[Task]:
    return dojo.tasks(kind=TaskKind.EXPLORE, gold=True)


@pytest.fixture(scope="session")
def repair_tasks(dojo: SyncDojo) -> list[Task]:
    return dojo.tasks(kind=TaskKind.REPAIR, gold=True)
