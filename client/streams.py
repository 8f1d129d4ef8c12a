"""Requests of many sessions, in frames that are spread over several rollout streams."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator
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
from .errors import DojoError, error_of_command, too_large
from .frame_stream import MAX_COMMAND_BYTES, MAX_FRAME_SIZE, FrameStream, step_answer, step_command
from .retry import BACKOFF, CLOSE_SECONDS, may_retry, wait_for
from .wire import StepAnswer, StepMessage

_MAX_LANES = 64
_OUTSTANDING = 4  # frames of one stream; more than one only where a part fills several

OnEnd = Callable[[CommandResult | BaseException], None]


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
        self._waiting: list[Errand] = []
        self._refused: dict[Errand, asyncio.TimerHandle] = {}  # for a time
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
        return step_answer(await self._carry(request.session_id, step_command(request)))

    async def state(self, request: GetStateRequest) -> GetStateResponse:
        """Gives a session's state, by a call of its own, since frames have no command for it."""
        return await self._channel.state(request)

    async def close_session(self, request: CloseSessionRequest) -> CloseSessionResponse:
        """Ends a session. Raises DojoError."""
        if self._is_closed:
            return await self._channel.close_session(request)
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
        until = asyncio.get_running_loop().time() + CLOSE_SECONDS
        self._end_refused([each for each in self._refused if not each.command.HasField("close")])
        # A session that is being opened might be after it was closed.
        opening = []
        for errand in self._under_way():
            if errand.command.HasField("reset"):
                opened, errand.on_end = _awaited(errand.on_end)
                opening.append(opened)
        await _wait(opening, until)
        busy = {errand.session_id for errand in self._under_way()}
        for lane in self._lanes:
            if not lane.is_free:
                lane.running.cancel()
        # Closing one that plays takes until its statement has ended, so it must not hold up others.
        closing = [
            asyncio.ensure_future(_close(each, self._channel)) if each in busy else self._closed(each)
            for each in self._live
        ]
        await _wait(closing, until)
        for lane in self._lanes:
            lane.stream.finish()
        running = [*closing, *(lane.running for lane in self._lanes)]
        await _wait((lane.running for lane in self._lanes), until)
        self._end_refused(list(self._refused))
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _end_refused(self, errands: Iterable[Errand]) -> None:
        for errand in errands:
            self._refused.pop(errand).cancel()
            errand.on_end(batch_closed())

    def _closed(self, session_id: str) -> asyncio.Future[None]:
        closed, on_end = _awaited()
        self.send(session_id, Command(close=CloseSessionRequest(session_id=session_id)), on_end)
        return closed

    def _under_way(self) -> list[Errand]:
        return [errand for lane in self._lanes for errand in lane.errands.values()]

    async def _carry(self, session_id: str, command: Command) -> CommandResult:
        """Has a command carried out, again while that may help. Raises DojoError."""
        answer: asyncio.Future[CommandResult] = asyncio.get_running_loop().create_future()

        def end(outcome: CommandResult | BaseException) -> None:
            if answer.done():
                return
            if isinstance(outcome, BaseException):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)

        errand = self.send(session_id, command, end)
        try:
            return await answer
        finally:
            errand.is_wanted = False
            if (again := self._refused.pop(errand, None)) is not None:
                again.cancel()

    def send(self, session_id: str, command: Command, on_end: OnEnd) -> Errand:
        """Has a command carried out, again while that may help.

        `on_end` is called once, maybe before this returns, with the result, or why there is none: a
        DojoError, unless the client itself has failed.
        """
        errand = Errand(session_id, command, on_end)
        if command.ByteSize() > MAX_COMMAND_BYTES:
            on_end(too_large(command.ByteSize(), MAX_COMMAND_BYTES))
        else:
            self._send(errand)
        return errand

    def _send(self, errand: Errand) -> None:
        if self._is_closed and not errand.command.HasField("close"):
            errand.on_end(batch_closed())
            return
        errand.command.correlation_id = next(self._numbers)
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._give_out)
        self._waiting.append(errand)

    def _take(self, errand: Errand, result: CommandResult) -> None:
        if not result.HasField("error"):
            errand.on_end(result)
            return
        error = error_of_command(result.error)
        may_send = errand.is_wanted and (not self._is_closed or errand.command.HasField("close"))
        if errand.waits is None:
            errand.waits = BACKOFF.waits()
        wait = next(errand.waits, None) if may_send and may_retry(error) else None
        if wait is None:
            errand.on_end(error)
        else:
            later = asyncio.get_running_loop().call_later(wait_for(error, wait), self._send_again, errand)
            self._refused[errand] = later

    def _send_again(self, errand: Errand) -> None:
        del self._refused[errand]
        self._send(errand)

    def _give_out(self) -> None:
        """Gives the lanes what was asked for since the last time."""
        waiting, self._waiting = self._waiting, []
        self._lanes = [lane for lane in self._lanes if not lane.running.done()]
        bound = {errand.session_id: lane for lane in self._lanes for errand in lane.errands.values()}
        together: dict[str, list[Errand]] = {}
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
        lane = _Lane(self._channel, self._take)
        self._lanes.append(lane)
        return lane


@dataclass(slots=True, eq=False)
class Errand:
    """A command, and who is to have its result. One that is not wanted any more is not sent again."""

    session_id: str
    command: Command
    on_end: OnEnd
    waits: Iterator[float] | None = None  # set once it was refused for a time
    is_wanted: bool = True


class _Lane:
    """A stream and what it has not answered yet."""

    def __init__(self, channel: Channel, take: Callable[[Errand, CommandResult], None]) -> None:
        self._take = take
        self.errands: dict[int, Errand] = {}  # by correlation id
        self.stream = FrameStream(
            channel, self._on_result, frame_size=MAX_FRAME_SIZE, outstanding=_OUTSTANDING
        )
        self.running = asyncio.create_task(self.stream.run())
        self.running.add_done_callback(self._on_end)

    @property
    def is_free(self) -> bool:
        """Nothing is under way."""
        return not self.errands

    def give(self, errands: Iterable[Errand]) -> None:
        """Has commands carried out in this order."""
        for errand in errands:
            self.errands[errand.command.correlation_id] = errand
            self.stream.send(errand.command)

    def _on_result(self, result: CommandResult) -> None:
        self._take(self.errands.pop(result.correlation_id), result)

    def _on_end(self, running: asyncio.Task[None]) -> None:
        """Tells those who wait why there will be no answer."""
        errands, self.errands = self.errands, {}
        why = batch_closed() if running.cancelled() else running.exception() or batch_closed()
        for errand in errands.values():
            errand.on_end(why)


def _awaited(then: OnEnd = lambda _: None) -> tuple[asyncio.Future[None], OnEnd]:
    """Gives a future, and what has it be done at a command's end, when `then` was called."""
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def on_end(outcome: CommandResult | BaseException) -> None:
        then(outcome)
        if not ended.done():
            ended.set_result(None)

    return ended, on_end


async def _wait(futures: Iterable[asyncio.Future[Any]], until: float) -> None:
    """Waits for futures to be done, until a time of the loop's clock at most."""
    futures = list(futures)
    if futures:
        await asyncio.wait(futures, timeout=max(0.0, until - asyncio.get_running_loop().time()))


async def _close(session_id: str, channel: Channel) -> None:
    with contextlib.suppress(DojoError):  # one that can't be closed is one that is not there
        await channel.close_session(CloseSessionRequest(session_id=session_id))


def batch_closed() -> DojoError:
    """Gives the error of what was under way, or is asked for, when all is closed."""
    return DojoError("the batch was closed", grpc.StatusCode.CANCELLED)
