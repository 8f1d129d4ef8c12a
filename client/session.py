"""One episode, played step by step."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Protocol

from sqldojo.v1.environment_pb2 import (
    CloseSessionRequest,
    CloseSessionResponse,
    GetStateRequest,
    GetStateResponse,
    ResetRequest,
    ResetResponse,
)

from .errors import DojoError, ErrorReason
from .retry import CLOSE_SECONDS, may_retry
from .types import (
    Action,
    Answer,
    Describe,
    Observation,
    Query,
    Sample,
    SessionState,
    Step,
    Submit,
    Unparsed,
)
from .wire import StepAnswer, StepMessage, first_observation, played_step, session_state, step_request


class Carrier(Protocol):
    """The way of a session's requests to the service. It tries again what may be; raises DojoError."""

    async def reset(self, request: ResetRequest) -> ResetResponse: ...  # noqa: D102
    async def step(self, request: StepMessage) -> StepAnswer: ...  # noqa: D102
    async def state(self, request: GetStateRequest) -> GetStateResponse: ...  # noqa: D102
    async def close_session(self, request: CloseSessionRequest) -> CloseSessionResponse: ...  # noqa: D102


class Session:
    """A live session. Steps asked for at the same time are played one after the other.

    A step whose answer did not come (the call was cancelled, or its retries were used up) may have been
    played by the service all the same. So it is asked for again before the next step: it then stands in the
    history, and the session goes on. Asking for the same action again gives that step.
    """

    def __init__(self, carrier: Carrier, session_id: str, first: Observation, *, reviewed: bool) -> None:
        self.session_id = session_id
        self.observation = first
        self.total_reward = 0.0
        self._carrier = carrier
        self._reviewed = reviewed
        self._turn = asyncio.Lock()
        self._batched: asyncio.Future[None] | None = None  # done when the step of a batch is answered
        self._unanswered: Action | None = None

    @classmethod
    async def open(cls, carrier: Carrier, request: ResetRequest, *, reviewed: bool) -> Session:
        """Opens a session with a new episode. Raises DojoError where the service refuses it."""
        try:
            answer = await carrier.reset(request)
        except asyncio.CancelledError:  # the service may have opened it all the same
            await _abandon(carrier, request.session_id)
            raise
        first = first_observation(answer.observation)
        return cls(carrier, request.session_id, first, reviewed=reviewed)

    @property
    def done(self) -> bool:
        """The episode has ended."""
        return self.observation.done

    async def describe(self, table: str) -> Step:
        """Shows a table's columns."""
        return await self.step(Describe(table))

    async def sample(self, table: str) -> Step:
        """Shows a table's first rows."""
        return await self.step(Sample(table))

    async def query(self, sql: str) -> Step:
        """Runs one statement."""
        return await self.step(Query(sql))

    async def answer(self, value: str) -> Step:
        """Answers an explore task's question; ends the episode."""
        return await self.step(Answer(value))

    async def submit(self, sql: str) -> Step:
        """Hands in a repair task's statement; ends the episode when it is correct."""
        return await self.step(Submit(sql))

    async def unparsed(self, text: str) -> Step:
        """Tells the service of a model's reply that held no tool call."""
        return await self.step(Unparsed(text))

    async def step(self, action: Action) -> Step:
        """Plays one step and gives what it brought.

        Raises DojoError where the call is refused or fails for good; an action that fails in the database is
        no error but an observation.
        """
        async with self._turn:
            while self._batched is not None:
                await asyncio.shield(self._batched)
            if self._unanswered is not None and self._unanswered != action:
                await self._play(self._unanswered)
            return await self._play(action)

    async def state(self, *, history: bool = False) -> SessionState:
        """Gives the session as the service holds it; with its steps where `history`."""
        request = GetStateRequest(session_id=self.session_id, include_history=history)
        return session_state(await self._carrier.state(request))

    async def close(self) -> None:
        """Ends the session on the service. Closing one that is closed, or has expired, does nothing."""
        await _close(self._carrier, self.session_id)

    async def abandon(self) -> None:
        """Ends the session if that can be done within seconds; one that is left expires there."""
        await _abandon(self._carrier, self.session_id)

    def begin_batched(self, action: Action) -> StepMessage | None:
        """Begins a step that a batch carries out; None where other steps come before it."""
        if self._turn.locked() or self._batched is not None or self._unanswered not in (None, action):
            return None
        request = self._request(action)
        self._batched = asyncio.get_running_loop().create_future()
        return request

    def end_batched(self, action: Action, outcome: StepAnswer | BaseException) -> Step:
        """Ends it with its answer. Raises what `outcome` is, and ValueError for what can't be read."""
        assert self._batched is not None, "a batch ends what it has begun"
        self._batched.set_result(None)
        self._batched = None
        if isinstance(outcome, BaseException):
            self._note_failed(outcome)
            raise outcome
        return self._see(action, outcome)

    async def _play(self, action: Action) -> Step:
        try:
            answer = await self._carrier.step(self._request(action))
        except DojoError as error:
            self._note_failed(error)
            raise
        return self._see(action, answer)

    def _request(self, action: Action) -> StepMessage:
        index = len(self.observation.history) + 1
        request = step_request(self.session_id, index, action, reviewed=self._reviewed)
        self._unanswered = action
        return request

    def _note_failed(self, error: BaseException) -> None:
        if isinstance(error, DojoError) and not may_retry(error):
            self._unanswered = None

    def _see(self, action: Action, answer: StepAnswer) -> Step:
        self._unanswered = None
        step = played_step(answer, action, self.observation)
        self.observation = self.observation.after(step)
        self.total_reward = step.total_reward
        return Step(step.step_index, action, self.observation, step.reward, step.total_reward, step.review)


async def _abandon(carrier: Carrier, session_id: str) -> None:
    with contextlib.suppress(DojoError, TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await _close(carrier, session_id)


async def _close(carrier: Carrier, session_id: str) -> None:
    try:
        await carrier.close_session(CloseSessionRequest(session_id=session_id))
    except DojoError as error:
        if error.reason is not ErrorReason.UNKNOWN_SESSION:
            raise
