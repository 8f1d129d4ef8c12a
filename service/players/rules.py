"""The contract's field rules (protovalidate), enforced on every message that comes in."""

from __future__ import annotations

from typing import TypeVar

import protovalidate
from google.protobuf.message import DecodeError, Message

from sqldojo.v1 import environment_pb2

from ..sessions.refusal import Reason, Refusal
from ..sessions.store import SESSION_ID
from . import splice
from .link import MAX_COMMANDS

MANY_BYTES = 64 * 1024  # of a frame; below, reading it costs little whatever it holds
LARGE_BYTES = 1024 * 1024  # of any message, likewise
MAX_FIELDS = 16 * MAX_COMMANDS  # of a large one, with those of the messages in it

_validator = protovalidate.Validator()

M = TypeVar("M", bound=Message)


def read(kind: type[M], data: bytes) -> M:
    """Reads a message and checks its rules. Raises Refusal naming the field that breaks one."""
    message = decode(kind, data)
    check(message)
    return message


def decode_frame(data: bytes) -> environment_pb2.RolloutRequest:
    """Reads a frame without checking its commands. Raises Refusal where it is none, or has too many."""
    if len(data) > MANY_BYTES and splice.has_more_fields(data, MAX_COMMANDS):
        raise _wrong_count(f"more than {MAX_COMMANDS}")
    frame = decode(environment_pb2.RolloutRequest, data)
    count = len(frame.commands)
    if not 1 <= count <= MAX_COMMANDS:
        raise _wrong_count(str(count))
    return frame


def decode(kind: type[M], data: bytes) -> M:
    """Reads a message without checking its rules.

    Raises Refusal where the bytes are no such message, or one of far too many fields.
    """
    if len(data) > LARGE_BYTES and splice.has_more_fields(data, MAX_FIELDS, splice.shape(kind.DESCRIPTOR)):
        raise Refusal(
            Reason.MALFORMED_MESSAGE,
            f"a {kind.DESCRIPTOR.full_name} of {len(data):,} bytes with more than {MAX_FIELDS:,} fields",
            hint="Send each field once.",
        )
    try:
        return kind.FromString(data)
    except DecodeError as error:
        raise Refusal(
            Reason.MALFORMED_MESSAGE,
            f"{len(data)} bytes that are no {kind.DESCRIPTOR.full_name}",
            hint="Encode the message as the contract has it; text must be UTF-8.",
        ) from error


def check(message: Message) -> None:
    """Checks a message against its rules. Raises Refusal naming the first field that breaks one."""
    violations = _validator.collect_violations(message)
    if violations:
        first = violations[0].proto
        path = _path(first)
        text = "; ".join(f"{_path(v.proto) or 'message'}: {v.proto.message}" for v in violations)
        raise Refusal(Reason.INVALID_FIELD, text, field=path, hint="See the field's rules in the contract.")


def check_step(
    step: environment_pb2.StepRequest | environment_pb2.StepWithReviewRequest,
) -> None:
    """As `check`, for the hot path: what is plainly within the rules skips the validator.

    The conditions imply the rules; anything else is left to the validator.
    """
    if 0 < len(step.session_id) <= 128 and step.step_index and step.action.WhichOneof("kind"):
        return
    check(step)


def check_reset(reset: environment_pb2.ResetRequest) -> None:
    """As `check_step`, for a reset."""
    if (
        0 < len(reset.task_id) <= 256
        and len(reset.session_id) <= 128
        and (not reset.session_id or SESSION_ID.fullmatch(reset.session_id))
        and len(reset.profile) <= 64
        and reset.budget <= 100
        and len(reset.policy) <= 128
        and reset.policy.isprintable()
    ):
        return
    check(reset)


def _wrong_count(count: str) -> Refusal:
    return Refusal(
        Reason.INVALID_FIELD,
        f"a frame of {count} commands; it takes 1 to {MAX_COMMANDS}",
        field="commands",
        hint="Send more frames: several may be under way at once.",
    )


def _path(violation: object) -> str:
    elements = violation.field.elements  # type: ignore[attr-defined] # protovalidate's own message type
    return ".".join(
        f"{element.field_name}[{element.subscript.value}]" if element.subscript else element.field_name
        for element in elements
    )
