"""EnvironmentService: the calls, and the frames of Rollout, on the sessions behind them."""

from __future__ import annotations

import logging
from collections.abc import Callable

from sqldojo.v1 import environment_pb2 as pb

from ..sessions.refusal import Reason, Refusal
from ..sessions.session import Played
from ..sessions.store import Opening, SessionStore
from . import rules, wire
from .access import Caller
from .refusals import fill_command_error, internal

MAX_COMMANDS = 256

log = logging.getLogger(__name__)


class Environment:
    """Answers the requests of EnvironmentService. Blocking: called on a worker thread."""

    def __init__(self, sessions: SessionStore) -> None:
        self._sessions = sessions

    def reset(self, request: pb.ResetRequest, _: Caller) -> pb.ResetResponse:
        """Opens a session."""
        return self._reset(request, pb.ResetResponse())

    def step(self, request: pb.StepRequest, _: Caller) -> pb.StepResponse:
        """Plays a step."""
        return self._step(request, pb.StepResponse())

    def step_with_review(self, request: pb.StepWithReviewRequest, _: Caller) -> pb.StepWithReviewResponse:
        """Plays a step behind the review gate."""
        return self._step_with_review(request, pb.StepWithReviewResponse())

    def get_state(self, request: pb.GetStateRequest, _: Caller) -> pb.GetStateResponse:
        """Gives a session's state."""
        session = self._sessions.find(request.session_id)
        with session.lock:
            response = pb.GetStateResponse(
                session_id=session.session_id,
                total_reward=session.state.total_reward,
                next_step_index=len(session.history) + 1,
                seed=session.seed,
            )
            wire.fill_observation(response.observation, session.observation)
            wire.fill_brief(response.observation.brief, session)
            if request.include_history:
                for played in session.history:
                    wire.fill_transition(response.history.add(), played)
        return response

    def close_session(self, request: pb.CloseSessionRequest, _: Caller) -> pb.CloseSessionResponse:
        """Closes a session."""
        self._sessions.close(request.session_id)
        return pb.CloseSessionResponse(session_id=request.session_id)

    def frame(self, data: bytes, is_cut: Callable[[], bool]) -> bytes:
        """Carries out a frame of commands, in order, and gives the reply frame. Never raises.

        Once `is_cut` says that nobody waits for the reply, the rest of the frame is left alone.
        """
        reply = pb.RolloutResponse()
        try:
            request = rules.decode(pb.RolloutRequest, data)
            _check_frame(request)
        except Refusal as refusal:
            fill_command_error(reply.error, refusal, "")
            return reply.SerializeToString()
        for place, command in enumerate(request.commands):
            if is_cut():
                break
            result = reply.results.add(correlation_id=command.correlation_id)
            kind = command.WhichOneof("kind")
            try:
                self._carry_out(command, kind, result)
            except Refusal as refusal:
                result.ClearField("kind")
                fill_command_error(result.error, refusal, f"commands[{place}]" + (f".{kind}" if kind else ""))
            except Exception:
                log.exception("command %d (%s) of a frame failed", place, kind)
                result.ClearField("kind")
                fill_command_error(result.error, internal(), f"commands[{place}]")
        return reply.SerializeToString()

    def _carry_out(self, command: pb.Command, kind: str | None, result: pb.CommandResult) -> None:
        match kind:
            case "step":
                rules.check_step(command.step)
                self._step(command.step, result.step)
            case "step_with_review":
                rules.check_step(command.step_with_review)
                self._step_with_review(command.step_with_review, result.step_with_review)
            case "reset":
                rules.check(command.reset)
                self._reset(command.reset, result.reset)
            case "close":
                rules.check(command.close)
                self._sessions.close(command.close.session_id)
                result.close.session_id = command.close.session_id
            case _:
                raise Refusal(
                    Reason.INVALID_FIELD,
                    "a command without a kind",
                    field="kind",
                    hint="Set one of reset, step, step_with_review, close.",
                )

    def _reset(self, request: pb.ResetRequest, response: pb.ResetResponse) -> pb.ResetResponse:
        session = self._sessions.open(
            Opening(request.task_id, request.session_id, request.profile, request.seed, request.budget)
        )
        response.session_id = session.session_id
        wire.fill_observation(response.observation, session.observation)
        wire.fill_brief(response.observation.brief, session)
        return response

    def _step(self, request: pb.StepRequest, response: pb.StepResponse) -> pb.StepResponse:
        played = self._play(request, reviewed=False)
        _fill_step(response, request.session_id, played)
        return response

    def _step_with_review(
        self, request: pb.StepWithReviewRequest, response: pb.StepWithReviewResponse
    ) -> pb.StepWithReviewResponse:
        played = self._play(request, reviewed=True)
        _fill_step(response, request.session_id, played)
        assert played.transition.review is not None
        wire.fill_review(response.review, played.transition.review)
        return response

    def _play(self, request: pb.StepRequest | pb.StepWithReviewRequest, *, reviewed: bool) -> Played:
        action = wire.read_action(request.action)
        return self._sessions.play(request.session_id, request.step_index, action, reviewed=reviewed)


def _check_frame(request: pb.RolloutRequest) -> None:
    count = len(request.commands)
    if not 1 <= count <= MAX_COMMANDS:
        raise Refusal(
            Reason.INVALID_FIELD,
            f"a frame of {count} commands; it takes 1 to {MAX_COMMANDS}",
            field="commands",
            hint="Send more frames: several may be under way at once.",
        )


def _fill_step(
    response: pb.StepResponse | pb.StepWithReviewResponse, session_id: str, played: Played
) -> None:
    response.session_id = session_id
    response.step_index = played.step_index
    wire.fill_observation(response.observation, played.transition.observation)
    wire.fill_reward(response.reward, played.transition.reward)
    response.total_reward = played.transition.state.total_reward
