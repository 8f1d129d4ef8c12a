"""EnvironmentService: the calls, and the frames of Rollout, on the sessions behind them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import NamedTuple, Protocol

from sqldojo.v1 import environment_pb2 as pb
from sqldojo.v1 import error_pb2

from ..sessions.played import Played
from ..sessions.refusal import Reason, Refusal
from ..sessions.session import Session
from ..sessions.store import Opening, SessionStore
from . import rules, splice, wire
from .access import Caller
from .refusals import fill_command_error, internal

MAX_COMMANDS = 256

Result = pb.CommandResult
RESULTS = pb.RolloutResponse.RESULTS_FIELD_NUMBER
CORRELATION_ID = Result.CORRELATION_ID_FIELD_NUMBER

log = logging.getLogger(__name__)


class Reply(Protocol):
    """What a frame or call brought. It may go out once `played` is in the journal."""

    @property
    def played(self) -> Played:
        """What was done."""
        ...

    def encode(self) -> bytes:
        """Gives the encoded answer. Raises Refusal when what was done could not be kept."""
        ...


class _Answer(NamedTuple):
    """The reply to a single call."""

    played: Played
    session: Session | None
    answer: bytes

    def encode(self) -> bytes:
        if self.session is not None and self.session.lost is not None:
            raise self.session.lost
        return self.answer


class _Result(NamedTuple):
    """What a command of a frame brought: the field of CommandResult that it goes into, and the message."""

    correlation_id: int
    field: int
    answer: bytes
    session: Session | None = None

    def encode(self, place: int) -> bytes:
        number, answer = self.field, self.answer
        if self.session is not None and self.session.lost is not None:
            number, answer = _error(self.session.lost, f"commands[{place}]")
        result = splice.number_field(CORRELATION_ID, self.correlation_id) + splice.field(number, answer)
        return splice.field(RESULTS, result)


class _FrameReply(NamedTuple):
    """The reply to a frame."""

    played: Played
    results: list[_Result]

    def encode(self) -> bytes:
        return b"".join([result.encode(place) for place, result in enumerate(self.results)])


class _FrameError(NamedTuple):
    """The reply to a frame that failed as a whole."""

    played: Played
    why: Refusal

    def encode(self) -> bytes:
        reply = pb.RolloutResponse()
        fill_command_error(reply.error, self.why, "")
        return reply.SerializeToString()


class Environment:
    """Answers the requests of EnvironmentService. Blocking: for a worker thread."""

    def __init__(self, sessions: SessionStore) -> None:
        self._sessions = sessions

    def reset(self, request: pb.ResetRequest, caller: Caller) -> Reply:
        """Opens a session; the answer is a ResetResponse."""
        played = self._begin(caller, [request.session_id])
        return _Answer(played, *self._reset(request, played))

    def step(self, request: pb.StepRequest, caller: Caller) -> Reply:
        """Plays a step; the answer is a StepResponse."""
        played = self._begin(caller, [request.session_id])
        return _Answer(played, *self._step(request, played, reviewed=False))

    def step_with_review(self, request: pb.StepWithReviewRequest, caller: Caller) -> Reply:
        """Plays a step behind the review gate; the answer is a StepWithReviewResponse."""
        played = self._begin(caller, [request.session_id])
        return _Answer(played, *self._step(request, played, reviewed=True))

    def get_state(self, request: pb.GetStateRequest, caller: Caller) -> Reply:
        """Gives a session's state; the answer is a GetStateResponse."""
        played = self._begin(caller, [request.session_id])
        session = self._sessions.find_current(request.session_id, played)
        with session.lock:
            return _Answer(played, session, wire.encode_state(session, with_history=request.include_history))

    def close_session(self, request: pb.CloseSessionRequest, caller: Caller) -> Reply:
        """Closes a session; the answer is a CloseSessionResponse."""
        played = self._begin(caller, [request.session_id])
        return _Answer(played, *self._close(request, played))

    def frame(self, data: bytes, caller: Caller, is_cut: Callable[[], bool]) -> Reply:
        """Carries out a frame of commands, in order; the answer is a RolloutResponse. Never raises.

        Once `is_cut` says that nobody waits for the reply, the rest of the frame is left alone.
        """
        played = self._sessions.begin(caller.name, sees_all=caller.sees_all_sessions)
        try:
            request = rules.decode(pb.RolloutRequest, data)
            _check_frame(request)
            self._sessions.recall([_session_id(command) for command in request.commands], played)
        except Refusal as refusal:
            return _FrameError(played, refusal)
        results: list[_Result] = []
        for command in request.commands:
            if is_cut():
                break
            kind = command.WhichOneof("kind")
            try:
                results.append(_Result(command.correlation_id, *self._carry_out(command, kind, played)))
            except Refusal as refusal:
                why = refusal
            except Exception:
                log.exception("command %d (%s) of a frame failed", len(results), kind)
                why = internal()
            else:
                continue
            where = f"commands[{len(results)}]" + (f".{kind}" if kind else "")
            results.append(_Result(command.correlation_id, *_error(why, where)))
        return _FrameReply(played, results)

    def _begin(self, caller: Caller, session_ids: list[str]) -> Played:
        played = self._sessions.begin(caller.name, sees_all=caller.sees_all_sessions)
        self._sessions.recall(session_ids, played)
        return played

    def _carry_out(
        self, command: pb.Command, kind: str | None, played: Played
    ) -> tuple[int, bytes, Session | None]:
        match kind:
            case "step":
                step = command.step
                rules.check_step(step)
                session, answer = self._step(step, played, reviewed=False)
                return Result.STEP_FIELD_NUMBER, answer, session
            case "step_with_review":
                reviewed = command.step_with_review
                rules.check_step(reviewed)
                session, answer = self._step(reviewed, played, reviewed=True)
                return Result.STEP_WITH_REVIEW_FIELD_NUMBER, answer, session
            case "reset":
                rules.check(command.reset)
                session, answer = self._reset(command.reset, played)
                return Result.RESET_FIELD_NUMBER, answer, session
            case "close":
                rules.check(command.close)
                closed, answer = self._close(command.close, played)
                return Result.CLOSE_FIELD_NUMBER, answer, closed
            case _:
                raise Refusal(
                    Reason.INVALID_FIELD,
                    "a command without a kind",
                    field="kind",
                    hint="Set one of reset, step, step_with_review, close.",
                )

    def _reset(self, request: pb.ResetRequest, played: Played) -> tuple[Session, bytes]:
        opening = Opening(
            request.task_id,
            request.session_id,
            request.profile,
            request.seed,
            request.budget,
            request.policy,
        )
        return self._sessions.open(opening, played)

    def _step(
        self, request: pb.StepRequest | pb.StepWithReviewRequest, played: Played, *, reviewed: bool
    ) -> tuple[Session, bytes]:
        action = wire.read_action(request.action)
        return self._sessions.play(request.session_id, request.step_index, action, reviewed, played)

    def _close(self, request: pb.CloseSessionRequest, played: Played) -> tuple[Session | None, bytes]:
        session = self._sessions.close(request.session_id, played)
        return session, pb.CloseSessionResponse(session_id=request.session_id).SerializeToString()


def _session_id(command: pb.Command) -> str:
    """Gives the session that a command is about; empty for none."""
    kind = command.WhichOneof("kind")
    return getattr(command, kind).session_id if kind else ""


def _error(why: Refusal, where: str) -> tuple[int, bytes]:
    error = error_pb2.CommandError()
    fill_command_error(error, why, where)
    return Result.ERROR_FIELD_NUMBER, error.SerializeToString()


def _check_frame(request: pb.RolloutRequest) -> None:
    count = len(request.commands)
    if not 1 <= count <= MAX_COMMANDS:
        raise Refusal(
            Reason.INVALID_FIELD,
            f"a frame of {count} commands; it takes 1 to {MAX_COMMANDS}",
            field="commands",
            hint="Send more frames: several may be under way at once.",
        )
