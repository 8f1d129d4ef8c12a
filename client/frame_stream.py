"""Commands in frames over one Rollout stream that survives a broken connection."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

import grpc
from grpc.aio import AioRpcError

from sqldojo.v1.environment_pb2 import (
    Command,
    CommandResult,
    RolloutRequest,
    RolloutResponse,
    StepWithReviewRequest,
)

from .channel import MAX_MESSAGE_BYTES, Channel
from .errors import DojoError, error_of_call
from .retry import BACKOFF, may_retry, wait_for
from .wire import StepAnswer, StepMessage

MAX_FRAME_SIZE = 256  # commands; the contract's
MAX_COMMAND_BYTES = MAX_MESSAGE_BYTES - 1024  # a frame's own bytes come on top
_FRAME_BYTES = 3 * 1024 * 1024  # below the 4 MiB that a gRPC server takes unless told otherwise
_SLICE_SECONDS = 0.01

# What a call ends with when its connection breaks; grpc.aio says INTERNAL when that happens while it writes.
_BROKEN = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL, grpc.StatusCode.CANCELLED})

_Call = grpc.aio.StreamStreamCall[RolloutRequest, RolloutResponse]


class FrameStream:
    """Sends commands and hands each one's result to `on_result`, in the order sent.

    Commands wait until one of `outstanding` frames is free and then go together, so frames fill up by
    themselves when much is to be done. When the stream breaks, it is opened again and the frames that were
    not answered are sent again, which step indices and session ids make safe.
    """

    def __init__(
        self,
        channel: Channel,
        on_result: Callable[[CommandResult], None],
        *,
        frame_size: int,
        outstanding: int,
    ) -> None:
        self.was_broken = False
        self._channel = channel
        self._on_result = on_result
        self._frame_size = frame_size
        self._outstanding = outstanding
        self._waiting: deque[Command] = deque()
        self._in_flight: deque[RolloutRequest] = deque()
        self._answered = 0  # frames
        self._finishing = False
        self._wake = asyncio.Event()

    def send(self, command: Command) -> None:
        """Has a command sent. Commands are carried out in the order in which they come here."""
        self._waiting.append(command)
        self._wake.set()

    def keep_waiting(self, wanted: Callable[[Command], bool]) -> None:
        """Drops the commands that were not sent yet and are not wanted any more."""
        self._waiting = deque(filter(wanted, self._waiting))

    def finish(self) -> None:
        """Says that no more commands come: `run` ends when all are answered."""
        self._finishing = True
        self._wake.set()

    async def run(self) -> None:
        """Sends and receives until `finish`. Raises DojoError when the stream can't be kept open."""
        waits = BACKOFF.waits()
        while self._is_needed():
            answered = self._answered
            try:
                await self._converse(self._channel.open_rollout())
                continue
            except AioRpcError as failure:
                error = error_of_call(failure, self._channel.address)
            except _StreamEndedError:
                error = DojoError("the server ended the stream", grpc.StatusCode.UNAVAILABLE)
            self.was_broken = True
            if self._answered > answered:
                waits = BACKOFF.waits()
            wait = next(waits, None)
            if wait is None or not (error.code in _BROKEN or may_retry(error)):
                raise error
            await asyncio.sleep(wait_for(error, wait))

    def _is_needed(self) -> bool:
        return not self._finishing or bool(self._waiting or self._in_flight)

    async def _converse(self, call: _Call) -> None:
        """Keeps one call going until all is done. Raises AioRpcError or _StreamEndedError when it breaks."""
        writing = asyncio.create_task(self._write(call))
        reading = asyncio.create_task(self._read(call))
        try:
            await asyncio.wait((writing, reading), return_when=asyncio.FIRST_EXCEPTION)
        finally:
            writing.cancel()
            reading.cancel()
            await asyncio.wait((writing, reading))
            call.cancel()
        for task in (reading, writing):
            if not task.cancelled():
                task.result()

    async def _write(self, call: _Call) -> None:
        try:
            for frame in tuple(self._in_flight):  # those of the call that broke
                await call.write(frame)
            while not self._finishing or self._waiting:
                while self._waiting and len(self._in_flight) < self._outstanding:
                    frame = self._next_frame()
                    self._in_flight.append(frame)
                    await call.write(frame)
                self._wake.clear()
                await self._wake.wait()
            await call.done_writing()
        except (AioRpcError, asyncio.InvalidStateError):
            return  # the call is over; the reader learns why

    def _next_frame(self) -> RolloutRequest:
        commands: list[Command] = []
        size = 0
        while self._waiting and len(commands) < self._frame_size:
            size += self._waiting[0].ByteSize()
            if commands and size > _FRAME_BYTES:
                break
            commands.append(self._waiting.popleft())
        return RolloutRequest(commands=commands)

    async def _read(self, call: _Call) -> None:
        while True:
            reply = await call.read()
            if not isinstance(reply, RolloutResponse):  # the end of the stream
                if self._is_needed():
                    raise _StreamEndedError
                return
            await self._deliver(reply)

    async def _deliver(self, reply: RolloutResponse) -> None:
        commands = self._in_flight.popleft().commands
        self._answered += 1
        self._wake.set()
        results: Iterable[CommandResult] = reply.results
        if reply.HasField("error"):
            results = (CommandResult(correlation_id=c.correlation_id, error=reply.error) for c in commands)
        elif len(reply.results) != len(commands):
            raise DojoError(
                f"the server answered {len(reply.results)} of a frame's {len(commands)} commands",
                grpc.StatusCode.INTERNAL,
            )
        clock = asyncio.get_running_loop().time
        pause = clock() + _SLICE_SECONDS
        for result in results:
            self._on_result(result)
            if clock() > pause:  # what is done with a result may take long: let others have the loop
                await asyncio.sleep(0)
                pause = clock() + _SLICE_SECONDS


def step_command(step: StepMessage) -> Command:
    """Gives the command that plays a step."""
    return Command(step_with_review=step) if isinstance(step, StepWithReviewRequest) else Command(step=step)


def step_answer(result: CommandResult) -> StepAnswer:
    """Gives the answer to a command that plays a step."""
    return result.step_with_review if result.HasField("step_with_review") else result.step


class _StreamEndedError(Exception):
    """The server ended a stream in which commands were still to be answered."""
