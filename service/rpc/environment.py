"""EnvironmentService: the calls, and the frames of Rollout, on the sessions behind them."""

from __future__ import annotations

import logging
from collections.abc import Callable

from sqldojo.v1 import environment_pb2 as pb
from sqldojo.v1 import error_pb2

from ..sessions.refusal import Reason, Refusal
from ..sessions.store import Opening, SessionStore
from . import rules, splice, wire
from .access import Caller
from .refusals import fill_command_error, internal

MAX_COMMANDS = 256

Result = pb.CommandResult
RESULTS = pb.RolloutResponse.RESULTS_FIELD_NUMBER
CORRELATION_ID = Result.CORRELATION_ID_FIELD_NUMBER

log = logging.getLogger(__name__)


class Environment:
    """Answers the requests of EnvironmentService, in encoded messages. Blocking: for a worker thread."""

    def __init__(self, sessions: SessionStore) -> None:
        self._sessions = sessions

    def reset(self, request: pb.ResetRequest, _: Caller) -> bytes:
        """Opens a session; gives a ResetResponse."""
        return self._reset(request)

    def step(self, request: pb.StepRequest, _: Caller) -> bytes:
        """Plays a step; gives a StepResponse."""
        return self._step(request, reviewed=False)

    def step_with_review(self, request: pb.StepWithReviewRequest, _: Caller) -> bytes:
        """Plays a step behind the review gate; gives a StepWithReviewResponse."""
        return self._step(request, reviewed=True)

    def get_state(self, request: pb.GetStateRequest, _: Caller) -> bytes:
        """Gives a session's state, a GetStateResponse."""
        session = self._sessions.find(request.session_id)
        with session.lock:
            return wire.encode_state(session, with_history=request.include_history)

    def close_session(self, request: pb.CloseSessionRequest, _: Caller) -> bytes:
        """Closes a session; gives a CloseSessionResponse."""
        return self._close(request)

    def frame(self, data: bytes, is_cut: Callable[[], bool]) -> bytes:
        """Carries out a frame of commands, in order, and gives the reply frame. Never raises.

        Once `is_cut` says that nobody waits for the reply, the rest of the frame is left alone.
        """
        try:
            request = rules.decode(pb.RolloutRequest, data)
            _check_frame(request)
        except Refusal as refusal:
            reply = pb.RolloutResponse()
            fill_command_error(reply.error, refusal, "")
            return reply.SerializeToString()
        results = []
        for place, command in enumerate(request.commands):
            if is_cut():
                break
            field, answer = self._answer(place, command)
            result = splice.number_field(CORRELATION_ID, command.correlation_id) + splice.field(field, answer)
            results.append(splice.field(RESULTS, result))
        return b"".join(results)

    def _answer(self, place: int, command: pb.Command) -> tuple[int, bytes]:
        """Gives the field of CommandResult that answers a command, and the encoded message in it."""
        kind = command.WhichOneof("kind")
        try:
            return self._carry_out(command, kind)
        except Refusal as refusal:
            why = refusal
        except Exception:
            log.exception("command %d (%s) of a frame failed", place, kind)
            why = internal()
        error = error_pb2.CommandError()
        fill_command_error(error, why, f"commands[{place}]" + (f".{kind}" if kind else ""))
        return Result.ERROR_FIELD_NUMBER, error.SerializeToString()

    def _carry_out(self, command: pb.Command, kind: str | None) -> tuple[int, bytes]:
        match kind:
            case "step":
                step = command.step
                rules.check_step(step)
                return Result.STEP_FIELD_NUMBER, self._step(step, reviewed=False)
            case "step_with_review":
                reviewed = command.step_with_review
                rules.check_step(reviewed)
                return Result.STEP_WITH_REVIEW_FIELD_NUMBER, self._step(reviewed, reviewed=True)
            case "reset":
                rules.check(command.reset)
                return Result.RESET_FIELD_NUMBER, self._reset(command.reset)
            case "close":
                rules.check(command.close)
                return Result.CLOSE_FIELD_NUMBER, self._close(command.close)
            case _:
                raise Refusal(
                    Reason.INVALID_FIELD,
                    "a command without a kind",
                    field="kind",
                    hint="Set one of reset, step, step_with_review, close.",
                )

    def _reset(self, request: pb.ResetRequest) -> bytes:
        opening = Opening(request.task_id, request.session_id, request.profile, request.seed, request.budget)
        return wire.encode_reset(self._sessions.open(opening))

    def _step(self, request: pb.StepRequest | pb.StepWithReviewRequest, *, reviewed: bool) -> bytes:
        action = wire.read_action(request.action)
        return self._sessions.play(request.session_id, request.step_index, action, reviewed, wire.encode_step)

    def _close(self, request: pb.CloseSessionRequest) -> bytes:
        self._sessions.close(request.session_id)
        return pb.CloseSessionResponse(session_id=request.session_id).SerializeToString()


def _check_frame(request: pb.RolloutRequest) -> None:
    count = len(request.commands)
    if not 1 <= count <= MAX_COMMANDS:
        raise Refusal(
            Reason.INVALID_FIELD,
            f"a frame of {count} commands; it takes 1 to {MAX_COMMANDS}",
            field="commands",
            hint="Send more frames: several may be under way at once.",
        )
