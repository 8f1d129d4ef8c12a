"""The way of a call: bytes in, bytes out, and what goes wrong told with a code and a typed detail.

The handlers take raw bytes, because bytes that are no message must be answered with a typed detail as well.
Nothing here blocks the event loop: what plays goes to the players, what reads the bank to worker threads.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Executor
from typing import Any, NamedTuple, TypeVar

import grpc
from google.protobuf.message import Message

from ..players import rules
from ..players.errors import internal
from ..players.fleet import Fleet
from ..sessions.refusal import Reason, Refusal
from .access import Caller, current_caller
from .admission import Admission
from .refusals import abort

FRAMES_AHEAD = 2  # of a stream, given to the players while the one before is answered

log = logging.getLogger(__name__)

Q = TypeVar("Q", bound=Message)
R = TypeVar("R")
Context = grpc.aio.ServicerContext[bytes, bytes]


class _Reply(NamedTuple):
    """What answers a frame, and how many bytes that had."""

    answer: asyncio.Future[bytes]
    size: int


class Calls:
    """Makes gRPC handlers: of blocking answers, carried out by an executor, and of what the players do."""

    def __init__(
        self,
        executor: Executor,
        fleet: Fleet,
        admission: Admission,
        stall_seconds: float,
        stopping: asyncio.Event,
    ) -> None:
        self._executor = executor
        self._fleet = fleet
        self._admission = admission
        self._stall_seconds = stall_seconds
        self._stopping = stopping

    def unary(self, kind: type[Q], answer: Callable[[Q, Caller], Message]) -> grpc.RpcMethodHandler[Any, Any]:
        """Answers one request with one message."""

        async def handle(data: bytes, context: Context) -> bytes:
            async def carry_out(caller: Caller) -> bytes:
                with self._admission.call(caller.name, len(data)):
                    return await self._on(lambda: answer(rules.read(kind, data), caller).SerializeToString())

            return await _guarded(context, carry_out)

        return grpc.unary_unary_rpc_method_handler(handle)

    def server_stream(
        self, kind: type[Q], answers: Callable[[Q, Caller], AsyncIterator[Message]]
    ) -> grpc.RpcMethodHandler[Any, Any]:
        """Answers one request with the messages of an iterator."""

        async def handle(data: bytes, context: Context) -> None:
            async def carry_out(caller: Caller) -> None:
                with self._admission.stream(caller.name):
                    await context.send_initial_metadata(())
                    request = await self._on(lambda: rules.read(kind, data))
                    async for message in answers(request, caller):
                        await self._write(context, message.SerializeToString())

            await _guarded(context, carry_out)

        return grpc.unary_stream_rpc_method_handler(handle)

    def playing(self, method: str, kind: type[Message]) -> grpc.RpcMethodHandler[Any, Any]:
        """Answers one request as the players do, once what was done for it is in the journal."""

        async def handle(data: bytes, context: Context) -> bytes:
            async def carry_out(caller: Caller) -> bytes:
                session_id, name = _session_id(kind, data), caller.name
                with self._admission.call(name, len(data)):
                    return await self._fleet.call(method, data, session_id, name, caller.sees_all_sessions)

            return await _guarded(context, carry_out)

        return grpc.unary_unary_rpc_method_handler(handle)

    def frames(self) -> grpc.RpcMethodHandler[Any, Any]:
        """Answers every frame of a stream with one frame, in order.

        While a frame is carried out, FRAMES_AHEAD more are given to the players and one is read; no more than
        that is held, so a client that does not read is held back by flow control, costs little memory, and
        after `stall_seconds` its stream ends. When
        the server stops, the frames that have come are answered and the stream ends with UNAVAILABLE. What is
        left of the frames when a stream is cut is not carried out: the client sends it again over another.
        """

        async def handle(_: object, context: Context) -> None:
            async def carry_out(caller: Caller) -> None:
                with self._admission.stream(caller.name):
                    await context.send_initial_metadata(())
                    await self._answer_frames(context, caller)

            await _guarded(context, carry_out)

        return grpc.stream_stream_rpc_method_handler(handle)

    async def _answer_frames(self, context: Context, caller: Caller) -> None:
        lane = self._fleet.open_lane()
        replies: asyncio.Queue[_Reply | None] = asyncio.Queue(FRAMES_AHEAD)
        reading = asyncio.ensure_future(self._read(context, lane, caller, replies))
        try:
            while (reply := await replies.get()) is not None:
                try:
                    await self._write(context, await reply.answer)
                finally:
                    self._admission.answered(caller.name, reply.size)
            await reading
        except asyncio.CancelledError:
            log.info("a stream was cut off; what was played of its frames is kept")
            raise
        finally:
            reading.cancel()
            self._fleet.cut_lane(lane)
            while not replies.empty():
                if (left := replies.get_nowait()) is not None:
                    left.answer.cancel()
                    self._admission.answered(caller.name, left.size)
            await asyncio.gather(reading, return_exceptions=True)

    async def _read(
        self, context: Context, lane: int, caller: Caller, replies: asyncio.Queue[_Reply | None]
    ) -> None:
        """Gives a stream's frames to the players, until it ends. Raises Refusal when the server stops."""
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            while True:
                reading: asyncio.Future[Any] = asyncio.ensure_future(context.read())
                await asyncio.wait((reading, stopping), return_when=asyncio.FIRST_COMPLETED)
                if not reading.done():
                    reading.cancel()
                    raise _shutting_down()
                frame = reading.result()
                if not isinstance(frame, bytes):  # the end of the stream
                    return
                await self._admission.frame(caller.name, len(frame))
                playing = self._fleet.frame(frame, lane, caller.name, caller.sees_all_sessions)
                reply = _Reply(asyncio.ensure_future(playing), len(frame))
                try:
                    await replies.put(reply)
                except asyncio.CancelledError:
                    reply.answer.cancel()
                    self._admission.answered(caller.name, reply.size)
                    raise
        finally:
            stopping.cancel()
            await replies.put(None)

    async def _write(self, context: Context, message: bytes) -> None:
        """Sends a message of a stream whose initial metadata is sent: else gRPC can't end it meanwhile.

        Raises Refusal when the client has not read for too long.
        """
        try:
            async with asyncio.timeout(self._stall_seconds):
                await context.write(message)
        except TimeoutError:
            log.warning("a client has not read its stream for %g s, which ends", self._stall_seconds)
            raise Refusal(
                Reason.CLIENT_STALLED,
                f"nothing was read of this stream for {self._stall_seconds:g} s",
                hint="Read answers while you send; open another stream and send again what was not answered.",
            ) from None

    async def _on(self, work: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


async def _guarded(context: Context, carry_out: Callable[[Caller], Awaitable[R]]) -> R:
    """Carries a call out for its caller; what goes wrong ends it with a code and a typed detail."""
    try:
        return await carry_out(current_caller())
    except Refusal as refusal:
        await abort(context, refusal)
    except (asyncio.CancelledError, grpc.aio.AbortError):
        raise
    except Exception:
        log.exception("a call failed")
        await abort(context, internal())


def _session_id(kind: type[Any], data: bytes) -> str:
    """Gives the session that a request is about; a player says what is wrong with one that can't be read."""
    try:
        session_id: str = rules.decode(kind, data).session_id
        return session_id
    except Refusal:
        return ""


def _shutting_down() -> Refusal:
    return Refusal(
        Reason.SHUTTING_DOWN,
        "the server is shutting down; every frame that was answered is done",
        hint="Connect again, and send the frames that were not answered.",
        retry_after_seconds=1.0,
    )
