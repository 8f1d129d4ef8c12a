"""Calls that no proper client would make, of every method that a server has; each reply is judged."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import grpc
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import DecodeError, Message
from google.rpc import status_pb2
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from sqldojo.v1 import benchmark_pb2, environment_pb2, error_pb2, task_pb2

from .messages import Maker, World

CALLERS = 12  # each on a connection of its own
OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.use_local_subchannel_pool", 1),
)
SECONDS = 60.0  # after which a call has hung
PATIENCE = {"Watch": 1, "Run": 3}  # messages that are read of a reply which would go on
OVERSIZE = 16 * 1024 * 1024 + 1
DEEP = {"Rollout": 4, "Step": 4, "StepWithReview": 3, "Reset": 3}  # how much more often than others
AMPLIFIED = b"\x0a\x00" * 4_000_000  # empty commands

Code = grpc.StatusCode

ANSWERS = {  # codes that a call may end with, whatever came: nothing that says the server failed
    Code.OK, Code.INVALID_ARGUMENT, Code.NOT_FOUND, Code.FAILED_PRECONDITION, Code.OUT_OF_RANGE,
    Code.ALREADY_EXISTS, Code.PERMISSION_DENIED, Code.UNAUTHENTICATED, Code.RESOURCE_EXHAUSTED,
    Code.ABORTED,  # two calls that reset one session at once
}  # fmt: skip
NO_DETAIL = {Code.OK, Code.UNIMPLEMENTED, Code.CANCELLED, Code.RESOURCE_EXHAUSTED}  # gRPC's own
OWN = {  # how gRPC's own services end calls, without a detail
    "/grpc.health.v1.Health/Check": Code.NOT_FOUND,
    "/grpc.health.v1.Health/List": Code.UNIMPLEMENTED,
}


@dataclass(frozen=True)
class Rpc:
    """A method, and the messages that it takes and gives."""

    service: str
    name: str
    asks: type[Message]
    gives: type[Message]
    streams_in: bool = False
    streams_out: bool = False

    @property
    def path(self) -> str:
        return f"/{self.service}/{self.name}"


def _rpcs() -> list[Rpc]:
    """Gives every method of every service that the server offers."""
    found = []
    for module in (environment_pb2, task_pb2, benchmark_pb2, health_pb2, reflection_pb2):
        for service in module.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                asks, gives = (getattr(module, each.name) for each in (method.input_type, method.output_type))
                streams = method.client_streaming, method.server_streaming
                found.append(Rpc(service.full_name, method.name, asks, gives, *streams))
    return found


RPCS = _rpcs()
WEIGHTS = [DEEP.get(each.name, 1) for each in RPCS]


@dataclass
class Findings:
    """What came of the messages: how many by method and code, and what should not have been."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)  # messages by method
    wrong: list[str] = field(default_factory=list)

    @property
    def messages(self) -> int:
        return sum(self.sent.values())

    def add(self, more: Findings) -> None:
        """Adds what came of other messages."""
        self.counts += more.counts
        self.sent += more.sent
        self.wrong += more.wrong


def send(address: str, token: str, seed: int, world: World, messages: int, large: bool) -> Findings:
    """Sends so many messages over some connections; `large`: also of 8 MB and more."""
    found = Findings()
    asyncio.run(_send(address, token, random.Random(seed), world, messages, large, found))
    return found


async def _send(
    address: str,
    token: str,
    rng: random.Random,
    world: World,
    messages: int,
    large: bool,
    found: Findings,
) -> None:
    async def some(chance: random.Random, with_large: bool) -> None:
        async with grpc.aio.insecure_channel(address, OPTIONS) as channel:
            caller = Caller(channel, chance, world, (("authorization", f"Bearer {token}"),), found)
            if with_large:
                await caller.large()
            while found.messages < messages:
                await caller.one()

    callers = [some(random.Random(rng.getrandbits(64)), large and not number) for number in range(CALLERS)]
    await asyncio.gather(*callers)


class Caller:
    """Sends messages over one connection, and judges what comes back."""

    def __init__(
        self,
        channel: grpc.aio.Channel,
        rng: random.Random,
        world: World,
        metadata: Sequence[tuple[str, str]],
        findings: Findings,
    ) -> None:
        self._channel = channel
        self._rng = rng
        self._world = world
        self._make = Maker(rng, world)
        self._metadata = tuple(metadata)
        self._found = findings

    async def one(self) -> None:
        """Makes one call of a random method."""
        rng = self._rng
        (rpc,) = rng.choices(RPCS, WEIGHTS)
        if rng.random() < 0.04:
            await self._strange(rpc)
        elif rpc.streams_in:
            await self._stream(rpc)
        else:
            await self._unary(rpc, self._message(rpc), self._metadata)

    async def large(self) -> None:
        """Sends every method a message over the size limit, and one with many parts just below it."""
        for rpc in RPCS:
            await self._unary(rpc, bytes(OVERSIZE), self._metadata, {Code.RESOURCE_EXHAUSTED})
            await self._unary(rpc, AMPLIFIED, self._metadata, {Code.OK, Code.INVALID_ARGUMENT})

    # ---- what is sent ----

    def _message(self, rpc: Rpc) -> bytes:
        rng = self._rng
        match rng.choices(("noise", "whole", "damaged", "another's"), (1, 5, 4, 1))[0]:
            case "noise":
                return self._make.noise()
            case "whole":
                return self._make.message(rpc.asks.DESCRIPTOR)
            case "damaged":
                return self._make.damaged(rpc.asks.DESCRIPTOR)
            case _:
                return self._make.message(self._another(rpc))

    def _another(self, rpc: Rpc) -> Descriptor:
        other: Descriptor = self._rng.choice([each for each in RPCS if each is not rpc]).asks.DESCRIPTOR
        return other

    async def _strange(self, rpc: Rpc) -> None:
        """Makes a call that is strange apart from its message."""
        rng = self._rng
        data = self._message(rpc)
        match rng.randrange(4):
            case 0:
                path = rng.choice((f"/{rpc.service}/No", "/", "/x", f"{rpc.path}/", "/é", rpc.path * 50))
                unknown = Rpc(path[1:], "", rpc.asks, rpc.gives)
                await self._unary(unknown, data, self._metadata, {Code.UNIMPLEMENTED}, path=path)
            case 1:
                tokens = ("", "Bearer", "Bearer ", "Basic x", "Bearer " + "x" * 4000)
                wrong = (("authorization", rng.choice(tokens)),)
                expected = ANSWERS if "Health" in rpc.service else {Code.UNAUTHENTICATED}
                await self._unary(rpc, data, wrong, expected)
            case 2:
                extra = (("x-noise-bin", rng.randbytes(2000)), ("x-noise", "~" * 500))
                await self._unary(rpc, data, (*self._metadata, rng.choice(extra)))
            case _:
                await self._unary(
                    rpc, data, (*self._metadata, ("x", "y" * 30_000)), {Code.RESOURCE_EXHAUSTED}
                )

    # ---- calls ----

    async def _unary(
        self,
        rpc: Rpc,
        data: bytes,
        metadata: Sequence[tuple[str, str | bytes]],
        expected: set[grpc.StatusCode] = ANSWERS,
        path: str = "",
    ) -> None:
        """Sends one message, reads what comes, and leaves a reply that does not end."""
        self._found.sent[rpc.path if not path else "(unknown)"] += 1
        call = self._channel.unary_stream(path or rpc.path)(data, metadata=metadata, timeout=SECONDS)
        replies, code = await self._read(call, PATIENCE.get(rpc.name, 2))
        await self._judge(rpc, [data], replies, code, call, expected, bool(path))

    async def _stream(self, rpc: Rpc) -> None:
        """Sends some messages in one call, reads some replies, and may break off anywhere."""
        rng = self._rng
        messages = [self._message(rpc) for _ in range(rng.choice((0, 1, 1, 2, 3, 6)))]
        self._found.sent[rpc.path] += len(messages)
        stays = rng.random() < 0.7
        call = self._channel.stream_stream(rpc.path)(metadata=self._metadata, timeout=SECONDS)
        with contextlib.suppress(grpc.RpcError, asyncio.InvalidStateError):  # it has ended already
            for message in messages:
                await call.write(message)
            if stays:
                await call.done_writing()
        wanted = len(messages) + 1 if stays else rng.randint(0, len(messages))
        replies, code = await self._read(call, wanted)
        await self._judge(rpc, messages, replies, code, call, ANSWERS)

    async def _read(self, call: grpc.aio.Call, wanted: int) -> tuple[list[bytes], grpc.StatusCode]:
        """Gives at most so many replies, and how the call ended; CANCELLED where it was left."""
        replies: list[bytes] = []
        try:
            while len(replies) < wanted and (reply := await call.read()) is not grpc.aio.EOF:
                replies.append(reply)
            else:
                if len(replies) == wanted:
                    call.cancel()
                    return replies, Code.CANCELLED
        except grpc.RpcError:
            pass
        if (
            await call.details() == "Internal error from Core"
        ):  # this client's own, when a call ended while it wrote
            return replies, Code.CANCELLED
        return replies, await call.code()

    # ---- judging ----

    async def _judge(
        self,
        rpc: Rpc,
        data: Sequence[bytes],
        replies: Sequence[bytes],
        code: grpc.StatusCode,
        call: grpc.aio.Call,
        expected: set[grpc.StatusCode],
        is_unknown: bool = False,
    ) -> None:
        self._found.counts["(unknown)" if is_unknown else rpc.path, code.name] += 1
        sent = f"{rpc.path} {[each[:300].hex() for each in data]}"
        if code is OWN.get(rpc.path):
            return
        if code not in expected and code is not Code.CANCELLED:
            self._found.wrong.append(f"{code.name} {await call.details()!r} for {sent}")
        elif not await _has_detail(call, code):
            self._found.wrong.append(f"{code.name} {await call.details()!r} without a reason for {sent}")
        for reply in replies:
            try:
                self._learn(rpc.gives.FromString(reply), sent)
            except DecodeError:
                self._found.wrong.append(f"a reply that is no {rpc.gives.__name__} for {sent}")

    def _learn(self, reply: Message, sent: str) -> None:
        """Looks at an answer, and keeps in mind how far its session is."""
        if isinstance(reply, environment_pb2.RolloutResponse):
            for result in reply.results:
                kind = result.WhichOneof("kind")
                if kind != "error":
                    self._learn(getattr(result, kind), sent)
                elif result.error.code == Code.INTERNAL.value[0] or not result.error.detail.reason:
                    self._found.wrong.append(f"{result.error.message!r} in a frame for {sent}")
            return
        live = self._world.by_id.get(getattr(reply, "session_id", ""))
        if live is None:
            return
        if isinstance(reply, environment_pb2.ResetResponse):
            live.next_step = 1
        elif isinstance(reply, environment_pb2.StepResponse | environment_pb2.StepWithReviewResponse):
            live.next_step = reply.step_index + 1


async def _has_detail(call: grpc.aio.Call, code: grpc.StatusCode) -> bool:
    """Says whether a call that was refused says why in the contract's way."""
    details = dict(await call.trailing_metadata() or ()).get("grpc-status-details-bin")
    if details is None:
        return code in NO_DETAIL
    status = status_pb2.Status.FromString(details)
    detail = error_pb2.ErrorDetail()
    return (
        status.code == code.value[0]
        and status.details[0].Unpack(detail)
        and detail.reason > 0
        and bool(detail.hint)
    )
