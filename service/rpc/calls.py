"""The way of a call: bytes in, one hop to a worker thread, bytes out.

Reading, checking, answering and writing all happen on the worker, so the event loop never blocks. The
handlers take raw bytes, because bytes that are no message must be answered with a typed detail as well.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Executor, Future
from functools import partial
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from ..sessions.journal.committer import Committer
from ..sessions.refusal import Reason, Refusal
from . import rules
from .access import Caller, current_caller
from .environment import Reply
from .refusals import abort, internal

log = logging.getLogger(__name__)

Q = TypeVar("Q", bound=Message)
R = TypeVar("R")
Context = grpc.aio.ServicerContext[bytes, bytes]


class Calls:
    """Makes gRPC handlers of blocking answers.

    Frames have workers of their own: one may hold 256 slow statements, and single calls should not wait.
    """

    def __init__(
        self,
        for_calls: Executor,
        for_frames: Executor,
        stopping: asyncio.Event,
        committer: Committer | None,
    ) -> None:
        self._for_calls = for_calls
        self._for_frames = for_frames
        self._stopping = stopping
        self._committer = committer

    def unary(
        self, kind: type[Q], answer: Callable[[Q, Caller], Message | bytes]
    ) -> grpc.RpcMethodHandler[Any, Any]:
        """Answers one request with one message, encoded or not."""

        async def handle(data: bytes, context: Context) -> bytes:
            async def carry_out(caller: Caller) -> bytes:
                return await _on(self._for_calls, lambda: _encoded(answer(rules.read(kind, data), caller)))

            return await self._guarded(context, carry_out)

        return grpc.unary_unary_rpc_method_handler(handle)

    def playing(self, kind: type[Q], answer: Callable[[Q, Caller], Reply]) -> grpc.RpcMethodHandler[Any, Any]:
        """Answers one request with one message, once what was done for it is in the journal."""

        async def handle(data: bytes, context: Context) -> bytes:
            async def carry_out(caller: Caller) -> bytes:
                play = partial(self._play, lambda: answer(rules.read(kind, data), caller))
                return await _kept(*await _on(self._for_calls, play))

            return await self._guarded(context, carry_out)

        return grpc.unary_unary_rpc_method_handler(handle)

    def server_stream(
        self, kind: type[Q], answers: Callable[[Q, Caller], Iterator[Message]]
    ) -> grpc.RpcMethodHandler[Any, Any]:
        """Answers one request with the messages of an iterator; each is made on a worker."""

        async def handle(data: bytes, context: Context) -> None:
            async def carry_out(caller: Caller) -> None:
                messages = await _on(self._for_calls, lambda: answers(rules.read(kind, data), caller))
                while (message := await _on(self._for_calls, lambda: next(messages, None))) is not None:
                    await context.write(message.SerializeToString())

            await self._guarded(context, carry_out)

        return grpc.unary_stream_rpc_method_handler(handle)

    def frames(
        self, answer: Callable[[bytes, Caller, Callable[[], bool]], Reply]
    ) -> grpc.RpcMethodHandler[Any, Any]:
        """Answers every frame of a stream with one frame, in order.

        While a frame is carried out, the next one is read, and the last one is put into the journal and its
        reply written; no more than that is held, so a client that does not read is held back by flow control
        and costs no memory. When the server stops, the frames that have come are answered and the stream
        ends with UNAVAILABLE.

        `answer` gets the frame, its caller, and a function that says whether the stream has been cut: what
        is left of a frame then is not carried out, since the client sends it again over another stream.
        """

        async def handle(_: object, context: Context) -> None:
            async def carry_out(caller: Caller) -> None:
                cut = threading.Event()
                stopping = asyncio.ensure_future(self._stopping.wait())
                reading: asyncio.Future[Any] = asyncio.ensure_future(context.read())
                writing: asyncio.Future[None] = asyncio.ensure_future(asyncio.sleep(0))
                try:
                    while True:
                        await asyncio.wait((reading, stopping), return_when=asyncio.FIRST_COMPLETED)
                        if not reading.done():
                            await writing
                            raise _shutting_down()
                        frame = reading.result()
                        if not isinstance(frame, bytes):  # the end of the stream
                            break
                        if not stopping.done():
                            reading = asyncio.ensure_future(context.read())
                        else:
                            reading = asyncio.get_running_loop().create_future()
                        play = partial(self._play, partial(answer, frame, caller, cut.is_set))
                        reply = await _on(self._for_frames, play)
                        await writing
                        writing = asyncio.ensure_future(_write(context, *reply))
                    await writing
                except asyncio.CancelledError:
                    log.info("a stream was cut off; what was played of its frames is kept")
                    raise
                finally:
                    cut.set()
                    for waiting in (reading, writing, stopping):
                        waiting.cancel()

            await self._guarded(context, carry_out)

        return grpc.stream_stream_rpc_method_handler(handle)

    def _play(self, work: Callable[[], Reply]) -> tuple[Reply, Future[None] | None]:
        """Does some work and hands what was played to the journal, even if nobody waits any more."""
        reply = work()
        if self._committer is None or not reply.played.touched:
            return reply, None
        return reply, self._committer.submit()

    async def _guarded(self, context: Context, carry_out: Callable[[Caller], Awaitable[R]]) -> R:
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


async def _kept(reply: Reply, committed: Future[None] | None) -> bytes:
    """Waits until what was played is in the journal, and gives the answer."""
    if committed is not None:
        await asyncio.shield(asyncio.wrap_future(committed))  # the journal goes on when a call is cut
    return reply.encode()


async def _write(context: Context, reply: Reply, committed: Future[None] | None) -> None:
    await context.write(await _kept(reply, committed))


async def _on(executor: Executor, work: Callable[[], R]) -> R:
    return await asyncio.get_running_loop().run_in_executor(executor, work)


def _encoded(message: Message | bytes) -> bytes:
    return message if isinstance(message, bytes) else message.SerializeToString()


def _shutting_down() -> Refusal:
    return Refusal(
        Reason.SHUTTING_DOWN,
        "the server is shutting down; every frame that was answered is done",
        hint="Connect again, and send the frames that were not answered.",
        retry_after_seconds=1.0,
    )
