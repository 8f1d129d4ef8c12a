"""Many sessions, stepped together."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Self, TypeVar

import grpc

from sqldojo.v1.environment_pb2 import CommandResult, ResetRequest

from .channel import Channel
from .errors import DojoError
from .frame_stream import step_answer, step_command
from .session import Session
from .streams import Streams, batch_closed
from .types import Action, EpisodeSpec, Pending, Step
from .wire import as_spec, check_action, reset_request

_T = TypeVar("_T")


@dataclass(slots=True, eq=False)
class _UnderWay:
    """A step that is played, or whose outcome has come and was not given yet."""

    action: Action
    outcome: Step | BaseException | None = None
    playing: asyncio.Task[Step] | None = None  # where it has to wait for other steps of its session


@dataclass(slots=True, eq=False)
class _Waiting:
    """Who waits for steps: those that have not come, and what is done when all have."""

    left: set[_UnderWay]
    all_came: asyncio.Future[None]


class Batch:
    """Sessions in lock step: each turn goes out in one frame per stream. `Dojo.batch` makes one.

    A session that `reset` gave can also be stepped by itself, and closed; what is asked for at the same time
    goes out together then too. Leaving the batch closes all that
    are still open, and nothing of it goes on.
    """

    def __init__(self, channel: Channel, streams: int, on_closed: Callable[[Batch], None]) -> None:
        if streams < 1:
            raise ValueError(f"streams {streams} must be 1 or more")
        self._streams = Streams(channel, streams)
        self._under_way: dict[Session, _UnderWay] = {}
        self._waiting: set[_Waiting] = set()
        self._on_closed = on_closed
        self._closed: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def pending(self) -> frozenset[Session]:
        """The sessions with a step that was not given yet; they can't be stepped until it was."""
        return frozenset(self._under_way)

    async def reset(self, episodes: Iterable[EpisodeSpec | str]) -> list[Session | DojoError]:
        """Opens a session for each episode (a str is a task id); gives it, or why it was refused, by place.

        When it is cancelled, those that were opened are closed. Before anything is opened, raises TypeError
        for what is no episode, ValueError for a number that the contract has no room for and for a session
        id that is there twice.
        """
        requests: list[tuple[ResetRequest, bool]] = []
        seen: set[str] = set()
        for spec in map(as_spec, episodes):
            session_id = spec.session_id or uuid.uuid4().hex
            if session_id in seen:
                raise ValueError(f"session id {session_id!r} is there twice")
            seen.add(session_id)
            requests.append((reset_request(spec, session_id), spec.reviewed))
        opening = [
            asyncio.ensure_future(Session.open(self._streams, request, reviewed=reviewed))
            for request, reviewed in requests
        ]
        try:
            return [_given(each) for each in await asyncio.gather(*opening, return_exceptions=True)]
        except asyncio.CancelledError:  # which has cancelled those that were not open yet
            opened = (each.result() for each in opening if not each.cancelled() and not each.exception())
            await asyncio.gather(*(session.abandon() for session in opened))
            raise

    async def step_many(
        self,
        actions: Mapping[Session, Action] | Iterable[tuple[Session, Action]],
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - it ends the waiting, not what is waited for
    ) -> dict[Session, Step | DojoError | Pending]:
        """Plays one step in each of these sessions; gives what it brought, or why it was refused.

        With a `timeout` in seconds, what has not come by then is a `Pending`; the next `step_many` that
        finds it answered, or `settle`, gives it. What came late is given first, then this turn's steps in
        their order. A cancelled call leaves its steps pending. Before anything is played, raises ValueError
        for a session that is pending or is there twice, and TypeError for what is no session or no action.
        """
        turn = list(actions.items() if isinstance(actions, Mapping) else actions)
        self._check(turn)
        for session, action in turn:
            self._under_way[session] = under_way = _UnderWay(action)
            try:
                self._play(session, under_way)
            except Exception as error:
                self._come(under_way, error)
        sessions = dict.fromkeys(session for session, _ in turn)
        await self._wait(sessions, timeout)
        late = [session for session in self._under_way if session not in sessions and self._has_come(session)]
        for session in sessions:
            self._streams.keep_apart(session.session_id, not self._has_come(session))
        return {session: self._give(session) for session in (*late, *sessions)}

    async def settle(
        self,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - as in step_many
    ) -> dict[Session, Step | DojoError | Pending]:
        """Waits for the steps that are pending, for `timeout` seconds at most; gives what they brought."""
        sessions = tuple(self._under_way)
        await self._wait(sessions, timeout)
        return {session: self._give(session) for session in sessions}

    async def close(self) -> None:
        """Closes all sessions and ends what is pending, within seconds. Closing again does nothing more."""
        if self._closed is None:
            self._closed = asyncio.create_task(self._close())
        await asyncio.shield(self._closed)

    async def _close(self) -> None:
        await self._streams.close()
        playing = [under_way.playing for under_way in self._under_way.values() if under_way.playing]
        for task in playing:
            task.cancel()
        await asyncio.gather(*playing, return_exceptions=True)
        self._on_closed(self)

    def _check(self, turn: list[tuple[Session, Action]]) -> None:
        seen: set[Session] = set()
        for session, action in turn:
            if not isinstance(session, Session):
                raise TypeError(f"{session!r} is no session, so it can't be stepped")
            if session in self._under_way:
                raise ValueError(
                    f"session {session.session_id} is pending: it can't be stepped before "
                    "step_many or settle has given its last step"
                )
            if session in seen:
                raise ValueError(f"session {session.session_id} is there twice")
            seen.add(session)
            check_action(action)

    def _play(self, session: Session, under_way: _UnderWay) -> None:
        action = under_way.action
        request = session.begin_batched(action)
        if request is None:
            under_way.playing = asyncio.create_task(session.step(action))
            under_way.playing.add_done_callback(partial(self._on_played, under_way))
        else:
            on_end = partial(self._on_end, session, under_way)
            self._streams.send(session.session_id, step_command(request), on_end)

    def _on_end(self, session: Session, under_way: _UnderWay, outcome: CommandResult | BaseException) -> None:
        try:
            answer = step_answer(outcome) if isinstance(outcome, CommandResult) else outcome
            self._come(under_way, session.end_batched(under_way.action, answer))
        except BaseException as error:
            self._come(under_way, error)

    def _on_played(self, under_way: _UnderWay, playing: asyncio.Task[Step]) -> None:
        failed = batch_closed() if playing.cancelled() else playing.exception()
        self._come(under_way, failed or playing.result())

    def _come(self, under_way: _UnderWay, outcome: Step | BaseException) -> None:
        under_way.outcome = outcome
        for waiting in self._waiting:
            waiting.left.discard(under_way)
            if not waiting.left and not waiting.all_came.done():
                waiting.all_came.set_result(None)

    async def _wait(self, sessions: Collection[Session], seconds: float | None) -> None:
        under_way = (self._under_way[session] for session in sessions)
        left = {each for each in under_way if each.outcome is None}
        if not left:
            await asyncio.sleep(0)  # who asks again and again lets others have the loop
            return
        waiting = _Waiting(left, asyncio.get_running_loop().create_future())
        self._waiting.add(waiting)
        try:
            await asyncio.wait((waiting.all_came,), timeout=seconds)
        finally:
            self._waiting.remove(waiting)

    def _has_come(self, session: Session) -> bool:
        return self._under_way[session].outcome is not None

    def _give(self, session: Session) -> Step | DojoError | Pending:
        under_way = self._under_way[session]
        if under_way.outcome is None:
            return Pending(under_way.action)
        del self._under_way[session]
        return _given(under_way.outcome)


def _given(outcome: _T | BaseException) -> _T | DojoError:
    """Gives an outcome; what fails in the client, as an answer that can't be read, is its session's alone."""
    if isinstance(outcome, DojoError) or not isinstance(outcome, BaseException):
        return outcome
    what = "the answer could not be read" if isinstance(outcome, ValueError | LookupError) else "it failed"
    return DojoError(f"{what}: {type(outcome).__name__}: {outcome}", grpc.StatusCode.INTERNAL)
