"""Many sessions, stepped together."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Self, TypeVar

import grpc

from sqldojo.v1.environment_pb2 import ResetRequest

from .channel import Channel
from .errors import DojoError
from .session import Session
from .streams import Streams, batch_closed
from .types import Action, EpisodeSpec, Pending, Step
from .wire import check_action, reset_request

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """A step that is played, or whose answer has come and was not given yet."""

    action: Action
    playing: asyncio.Task[Step]


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

        When it is cancelled, those that were opened are closed.
        """
        requests: list[tuple[ResetRequest, bool]] = []
        for each in episodes:
            spec = EpisodeSpec(each) if isinstance(each, str) else each
            requests.append((reset_request(spec, spec.session_id or uuid.uuid4().hex), spec.reviewed))
        opening = (Session.open(self._streams, request, reviewed=reviewed) for request, reviewed in requests)
        return [_given(each) for each in await asyncio.gather(*opening, return_exceptions=True)]

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
        for a session that is pending or is there twice, and TypeError for what is no action.
        """
        turn = list(actions.items() if isinstance(actions, Mapping) else actions)
        self._check(turn)
        for session, action in turn:
            self._under_way[session] = _UnderWay(action, asyncio.create_task(session.step(action)))
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
        playing = [under_way.playing for under_way in self._under_way.values()]
        for task in playing:  # one may wait to be tried again
            task.cancel()
        await asyncio.gather(*playing, return_exceptions=True)
        self._on_closed(self)

    def _check(self, turn: list[tuple[Session, Action]]) -> None:
        seen: set[Session] = set()
        for session, action in turn:
            if session in self._under_way:
                raise ValueError(
                    f"session {session.session_id} is pending: it can't be stepped before "
                    "step_many or settle has given its last step"
                )
            if session in seen:
                raise ValueError(f"session {session.session_id} is there twice")
            seen.add(session)
            check_action(action)

    async def _wait(self, sessions: Collection[Session], seconds: float | None) -> None:
        playing = [self._under_way[session].playing for session in sessions]
        if playing:
            await asyncio.wait(playing, timeout=seconds)
        else:
            await asyncio.sleep(0)  # who asks again and again lets others have the loop

    def _has_come(self, session: Session) -> bool:
        return self._under_way[session].playing.done()

    def _give(self, session: Session) -> Step | DojoError | Pending:
        action, playing = self._under_way[session].action, self._under_way[session].playing
        if not playing.done():
            return Pending(action)
        del self._under_way[session]
        if playing.cancelled():
            return batch_closed()
        return _given(playing.exception() or playing.result())


def _given(outcome: _T | BaseException) -> _T | DojoError:
    """Gives an outcome; an answer that can't be read is an error of its session's alone."""
    if isinstance(outcome, ValueError | LookupError):
        return DojoError(
            f"the answer could not be read: {type(outcome).__name__}: {outcome}", grpc.StatusCode.INTERNAL
        )
    if isinstance(outcome, BaseException) and not isinstance(outcome, DojoError):
        raise outcome
    return outcome
