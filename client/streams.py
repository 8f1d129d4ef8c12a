"""Requests of many sessions, in frames that are spread over several rollout streams."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import grpc

from sqldojo.v1.environment_pb2 import (
    CloseSessionRequest,
    CloseSessionResponse,
    Command,
    CommandResult,
    GetStateRequest,
    GetStateResponse,
    ResetRequest,
    ResetResponse,
)

from .channel import Channel
from .errors import DojoError, error_of_command
from .frame_stream import MAX_COMMAND_BYTES, MAX_FRAME_SIZE, FrameStream, step_command
from .retry import BACKOFF, may_retry, wait_for
from .wire import StepAnswer, StepMessage

_MAX_LANES = 64
_OUTSTANDING = 4  # frames of one stream; more than one only where a part fills several
_CLOSE_SECONDS = 5.0


class Streams:
    """Carries what is asked for in one turn of the loop in one go, spread over `streams` streams.

    The replies to one stream's frames come in order, so a slow command holds up what its stream carries
    after it and, since a frame is answered as a whole, its own frame. Therefore nothing is given to a stream
    that still has something to answer, as long as there is another: a slow command holds up what was sent
    together with it, which is one in `streams`. A session that is kept apart shares its stream with none.
    """

    def __init__(self, channel: Channel, streams: int) -> None:
        self._channel = channel
        self._streams = streams
        self._lanes: list[_Lane] = []
        self._waiting: list[_Errand] = []
        self._numbers = itertools.count()
        self._live: set[str] = set()  # the sessions that may be open on the service
        self._apart: set[str] = set()
        self._is_closed = False

    async def reset(self, request: ResetRequest) -> ResetResponse:
        """Opens a session. Raises DojoError."""
        self._live.add(request.session_id)
        try:
            return (await self._carry(request.session_id, Command(reset=request))).reset
        except DojoError as error:
            if not may_retry(error):
                self._live.discard(request.session_id)
            raise

    async def step(self, request: StepMessage) -> StepAnswer:
        """Plays a step. Raises DojoError."""
        result = await self._carry(request.session_id, step_command(request))
        return result.step_with_review if result.HasField("step_with_review") else result.step

    async def state(self, request: GetStateRequest) -> GetStateResponse:
        """Gives a session's state, by a call of its own, since frames have no command for it."""
        return await self._channel.state(request)

    async def close_session(self, request: CloseSessionRequest) -> CloseSessionResponse:
        """Ends a session. Raises DojoError."""
        try:
            result = await self._carry(request.session_id, Command(close=request))
        except DojoError as error:
            if not may_retry(error):
                self._live.discard(request.session_id)
            raise
        self._live.discard(request.session_id)
        return result.close

    def keep_apart(self, session_id: str, apart: bool) -> None:
        """Has what is asked for a session from now on go by itself, or together with others again."""
        (self._apart.add if apart else self._apart.discard)(session_id)

    async def close(self) -> None:
        """Closes the sessions that were opened here, and the streams; waits for a few seconds at most."""
        self._is_closed = True
        self._give_out()
        until = asyncio.get_running_loop().time() + _CLOSE_SECONDS
        resets = [errand.answer for errand in self._under_way() if errand.command.HasField("reset")]
        await _wait(resets, until)  # or a session might be opened after it was closed
        busy = {errand.session_id for errand in self._under_way()}
        for lane in self._lanes:
            if not lane.is_free:
                lane.running.cancel()
        # Closing one that plays takes until its statement has ended, so it must not hold up others.
        ways = ((session_id, self._channel if session_id in busy else self) for session_id in self._live)
        closing = [asyncio.create_task(_close(session_id, way)) for session_id, way in ways]
        await _wait(closing, until)
        for lane in self._lanes:
            lane.stream.finish()
        running = [*closing, *(lane.running for lane in self._lanes)]
        await _wait((lane.running for lane in self._lanes), until)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _under_way(self) -> list[_Errand]:
        return [errand for lane in self._lanes for errand in lane.errands.values()]

    async def _carry(self, session_id: str, command: Command) -> CommandResult:
        """Has a command carried out, again while that may help. Raises DojoError."""
        if command.ByteSize() > MAX_COMMAND_BYTES:
            raise DojoError(
                f"the request has {command.ByteSize()} bytes; at most {MAX_COMMAND_BYTES} can be sent",
                grpc.StatusCode.RESOURCE_EXHAUSTED,
            )
        waits = BACKOFF.waits()
        while True:
            result = await self._send(session_id, command)
            if not result.HasField("error"):
                return result
            error = error_of_command(result.error)
            wait = next(waits, None)
            if wait is None or not may_retry(error):
                raise error
            await asyncio.sleep(wait_for(error, wait))

    def _send(self, session_id: str, command: Command) -> asyncio.Future[CommandResult]:
        if self._is_closed and not command.HasField("close"):
            raise batch_closed()
        command.correlation_id = next(self._numbers)
        loop = asyncio.get_running_loop()
        errand = _Errand(session_id, command, loop.create_future())
        if not self._waiting:
            loop.call_soon(self._give_out)
        self._waiting.append(errand)
        return errand.answer

    def _give_out(self) -> None:
        """Gives the lanes what was asked for since the last time."""
        waiting, self._waiting = self._waiting, []
        self._lanes = [lane for lane in self._lanes if not lane.running.done()]
        bound = {errand.session_id: lane for lane in self._lanes for errand in lane.errands.values()}
        together: dict[str, list[_Errand]] = {}
        for errand in waiting:
            lane = bound.get(errand.session_id)
            if lane is not None:  # after what is under way for the session
                lane.give([errand])
            elif errand.session_id in self._apart:
                lane = bound[errand.session_id] = self._free_lane()
                lane.give([errand])
            else:
                together.setdefault(errand.session_id, []).append(errand)
        errands = list(together.values())
        size = max(1, -(-len(errands) // self._streams))
        for start in range(0, len(errands), size):
            self._free_lane().give(itertools.chain.from_iterable(errands[start : start + size]))

    def _free_lane(self) -> _Lane:
        for lane in self._lanes:
            if lane.is_free:
                return lane
        if len(self._lanes) >= _MAX_LANES:
            return min(self._lanes, key=lambda lane: len(lane.errands))
        lane = _Lane(self._channel)
        self._lanes.append(lane)
        return lane


@dataclass(slots=True, eq=False)
class _Errand:
    """A command, and the result to come."""

    session_id: str
    command: Command
    answer: asyncio.Future[CommandResult]


class _Lane:
    """A stream and what it has not answered yet."""

    def __init__(self, channel: Channel) -> None:
        self.errands: dict[int, _Errand] = {}  # by correlation id
        self.stream = FrameStream(
            channel, self._on_result, frame_size=MAX_FRAME_SIZE, outstanding=_OUTSTANDING
        )
        self.running = asyncio.create_task(self.stream.run())
        self.running.add_done_callback(self._on_end)

    @property
    def is_free(self) -> bool:
        """Nothing is under way."""
        return not self.errands

    def give(self, errands: Iterable[_Errand]) -> None:
        """Has commands carried out in this order."""
        for errand in errands:
            self.errands[errand.command.correlation_id] = errand
            self.stream.send(errand.command)

    def _on_result(self, result: CommandResult) -> None:
        errand = self.errands.pop(result.correlation_id)
        if not errand.answer.done():  # else nobody waits for it any more
            errand.answer.set_result(result)

    def _on_end(self, running: asyncio.Task[None]) -> None:
        """Tells those who wait why there will be no answer."""
        errands, self.errands = self.errands, {}
        why = batch_closed() if running.cancelled() else running.exception() or batch_closed()
        for errand in errands.values():
            if not errand.answer.done():
                errand.answer.set_exception(why)


async def _wait(futures: Iterable[asyncio.Future[Any]], until: float) -> None:
    """Waits for futures to be done, until a time of the loop's clock at most."""
    futures = list(futures)
    if futures:
        await asyncio.wait(futures, timeout=max(0.0, until - asyncio.get_running_loop().time()))


async def _close(session_id: str, way: Channel | Streams) -> None:
    with contextlib.suppress(DojoError):  # one that can't be closed is one that is not there
        await way.close_session(CloseSessionRequest(session_id=session_id))


def batch_closed() -> DojoError:
    """Gives the error of what was under way, or is asked for, when all is closed."""
    return DojoError("the batch was closed", grpc.StatusCode.CANCELLED)
