"""EnvironmentService, on the sessions of one process: its calls, and the commands of Rollout's frames."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from google.protobuf.message import Message

from sqldojo.v1 import environment_pb2 as pb

from ..core.episode import cut_short_by
from ..core.execution import ActionError, ErrorKind
from ..sessions.played import Played
from ..sessions.refusal import Reason, Refusal
from ..sessions.session import Session
from ..sessions.store import Opening, SessionStore
from . import rules, splice, wire
from .errors import encode_command_error, internal
from .link import MAX_COMMANDS, Call, Cuts, Slot

FRAME = "Rollout"  # the method whose calls are frames
STEPS = frozenset({"Step", "StepWithReview"})  # the methods, and below the kinds of commands, that are steps
_STEPS = frozenset({"step", "step_with_review"})

log = logging.getLogger(__name__)

_Done = tuple[Session | None, bytes]  # the session, None for one that is closed already, and the answer


class Answer(NamedTuple):
    """What a call, or a command of a frame, brought: encoded, and the number of its session, 0 without one.

    That of a command is a `results` field of RolloutResponse; that of a frame which failed as a whole is an
    `error` field.
    """

    session: int
    encoded: bytes


class Environment:
    """Carries calls out. Blocking: for worker threads."""

    def __init__(self, sessions: SessionStore) -> None:
        self._sessions = sessions
        self._methods: dict[str, tuple[type[Message], Callable[[Any, Played, str], _Done]]] = {
            "Reset": (pb.ResetRequest, self._reset),
            "Step": (pb.StepRequest, self._step),
            "StepWithReview": (pb.StepWithReviewRequest, self._step_with_review),
            "GetState": (pb.GetStateRequest, self._get_state),
            "CloseSession": (pb.CloseSessionRequest, self._close),
        }

    def begin(self, call: Call) -> Played:
        """Begins what a call does."""
        return self._sessions.begin(call.owner, sees_all=call.sees_all)

    def carry_out(self, call: Call, played: Played) -> Sequence[Answer]:
        """Carries a call out that is no frame. Raises Refusal."""
        kind, answer = self._methods[call.method]
        request: Any = rules.read(kind, call.data)
        self._sessions.recall([request.session_id], played)
        session, encoded = answer(request, played, _cut_short(call.cuts, 0))
        if session is not None and session.lost is not None:
            raise session.lost
        return [Answer(session.number if session else 0, encoded)]

    def look_ahead(self, commands: Sequence[pb.Command], played: Played) -> None:
        """Brings back the sessions that commands are to begin anew, while others come before them."""
        resets = [command.reset.session_id for command in commands if command.WhichOneof("kind") == "reset"]
        with suppress(Refusal):  # it may be otherwise when their turn has come
            self._sessions.recall(resets, played)

    def begin_frame(self, commands: Sequence[pb.Command], played: Played) -> None:
        """Brings back the sessions that a frame is about, its turn having come. Raises Refusal."""
        self._sessions.recall([_session_id(command) for command in commands], played)

    def command(self, command: pb.Command, kind: str | None, played: Played, cut_short: str) -> _Done:
        """Carries out one command of a frame. Raises Refusal."""
        match kind:
            case "step":
                step = command.step
                rules.check_step(step)
                return self._step(step, played, cut_short)
            case "step_with_review":
                reviewed = command.step_with_review
                rules.check_step(reviewed)
                return self._step_with_review(reviewed, played, cut_short)
            case "reset":
                rules.check_reset(command.reset)
                return self._reset(command.reset, played, cut_short)
            case "close":
                rules.check(command.close)
                return self._close(command.close, played, cut_short)
            case _:
                raise Refusal(
                    Reason.INVALID_FIELD,
                    "a command without a kind",
                    field="kind",
                    hint="Set one of reset, step, step_with_review, close.",
                )

    def _reset(self, request: pb.ResetRequest, played: Played, _: str) -> _Done:
        opening = Opening(
            request.task_id,
            request.session_id,
            request.profile,
            request.seed,
            request.budget,
            request.policy,
        )
        return self._sessions.open(opening, played)

    def _step(self, request: pb.StepRequest, played: Played, cut_short: str) -> _Done:
        action = wire.read_action(request.action)
        return self._sessions.play(request.session_id, request.step_index, action, False, played, cut_short)

    def _step_with_review(self, request: pb.StepWithReviewRequest, played: Played, cut_short: str) -> _Done:
        action = wire.read_action(request.action)
        return self._sessions.play(request.session_id, request.step_index, action, True, played, cut_short)

    def _get_state(self, request: pb.GetStateRequest, played: Played, _: str) -> _Done:
        session = self._sessions.find_current(request.session_id, played)
        with session.lock:
            return session, wire.encode_state(session, with_history=request.include_history)

    def _close(self, request: pb.CloseSessionRequest, played: Played, _: str) -> _Done:
        session = self._sessions.close(request.session_id, played)
        return session, pb.CloseSessionResponse(session_id=request.session_id).SerializeToString()


class Tally(NamedTuple):
    """How many steps a call has answered, and for what reasons, as numbers, commands of it were refused."""

    steps: int = 0
    refused: Sequence[int] = ()


class Frame:
    """A frame: read, then carried out one command after the other; it can be left between two."""

    def __init__(self, environment: Environment, call: Call, played: Played) -> None:
        self._environment = environment
        self._call = call
        self._played = played
        self._commands: Sequence[pb.Command] = ()
        self._left: Iterator[tuple[int, pb.Command]] | None = None
        self._failed: Refusal | None = None
        self._done: list[tuple[int, int, _Done | Refusal, str | None]] = []

    def read(self) -> None:
        """Reads it, ahead of its turn: frames before it may be under way."""
        with self._failing():
            self._commands = rules.decode_frame(self._call.data).commands
            self._environment.look_ahead(self._commands, self._played)

    def go_on(self, slot: Slot, must_yield: Callable[[], bool], is_cut: Callable[[], bool]) -> bool:
        """Carries commands out until all are, or it must yield; says whether it is done.

        Once `is_cut` says that nobody waits for the answers, the rest is left alone.
        """
        call = self._call
        if self._left is None:
            with self._failing():
                self._environment.begin_frame(self._commands, self._played)
            if self._failed is not None:
                return True
            self._left = zip(call.places or range(MAX_COMMANDS), self._commands, strict=False)
            if must_yield():  # it has waited for the journal, and it is another's turn
                return False
        for place, command in self._left:
            kind = command.WhichOneof("kind")
            slot.at(call.serial, place)
            brought: _Done | Refusal
            try:
                cut_short = _cut_short(call.cuts, place)
                brought = self._environment.command(command, kind, self._played, cut_short)
            except Refusal as refusal:
                brought = refusal
            except Exception:
                log.exception("command %d (%s) of a frame failed", place, kind)
                brought = internal()
            self._done.append((command.correlation_id, place, brought, kind))
            if is_cut():
                return True
            if must_yield():
                return False
        return True

    def answers(self) -> Sequence[Answer]:
        """Encodes what was done; not before the end, since a session may be lost meanwhile."""
        if self._failed is not None:
            return [Answer(0, splice.field(_ERROR, encode_command_error(self._failed, "")))]
        return [_encode(*each) for each in self._done]

    def tally(self) -> Tally:
        """Counts what was done."""
        if self._failed is not None:
            return Tally(refused=[int(self._failed.reason)])
        steps, refused = 0, []
        for _, _, brought, kind in self._done:
            if isinstance(brought, Refusal):
                refused.append(int(brought.reason))
            elif kind in _STEPS:
                steps += 1
        return Tally(steps, refused)

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Has it fail as a whole by what the block raises."""
        try:
            yield
        except Refusal as refusal:
            self._failed = refusal
        except Exception:
            log.exception("a frame failed")
            self._failed = internal()


_RESULTS = pb.RolloutResponse.RESULTS_FIELD_NUMBER
_ERROR = pb.RolloutResponse.ERROR_FIELD_NUMBER
_ERROR_TAG = splice.field(_ERROR, b"")[:1]
_FIELDS = {
    "reset": pb.CommandResult.RESET_FIELD_NUMBER,
    "step": pb.CommandResult.STEP_FIELD_NUMBER,
    "step_with_review": pb.CommandResult.STEP_WITH_REVIEW_FIELD_NUMBER,
    "close": pb.CommandResult.CLOSE_FIELD_NUMBER,
}


def is_frame_error(answer: Answer) -> bool:
    """Says whether it is the answer to a frame that failed as a whole."""
    return answer.encoded.startswith(_ERROR_TAG)


def encode_failed(correlation_id: int, refusal: Refusal, where: str) -> bytes:
    """Encodes the result of a command that was refused."""
    error = encode_command_error(refusal, where)
    return _encode_result(correlation_id, pb.CommandResult.ERROR_FIELD_NUMBER, error)


def _encode(correlation_id: int, place: int, brought: _Done | Refusal, kind: str | None) -> Answer:
    if isinstance(brought, Refusal):
        where = f"commands[{place}]" + (f".{kind}" if kind else "")
        return Answer(0, encode_failed(correlation_id, brought, where))
    session, answer = brought
    if session is not None and session.lost is not None:
        return Answer(0, encode_failed(correlation_id, session.lost, f"commands[{place}]"))
    assert kind is not None
    return Answer(session.number if session else 0, _encode_result(correlation_id, _FIELDS[kind], answer))


def _encode_result(correlation_id: int, field: int, answer: bytes) -> bytes:
    number = splice.number_field(pb.CommandResult.CORRELATION_ID_FIELD_NUMBER, correlation_id)
    return splice.field(_RESULTS, number + splice.field(field, answer))


def _cut_short(cuts: Cuts, place: int) -> str:
    if not cuts or place not in cuts:
        return ""
    kind, message = cuts[place]
    return cut_short_by(ActionError(ErrorKind(kind), message))


def _session_id(command: pb.Command) -> str:
    """Gives the session that a command is about; empty for none."""
    kind = command.WhichOneof("kind")
    return getattr(command, kind).session_id if kind else ""
