"""Refusals as the contract's messages: canonical codes with a typed detail."""

from __future__ import annotations

from google.rpc import code_pb2

from sqldojo.v1 import error_pb2

from ..sessions.refusal import Reason, Refusal

CODES: dict[Reason, int] = {
    Reason.MALFORMED_MESSAGE: code_pb2.INVALID_ARGUMENT,
    Reason.INVALID_FIELD: code_pb2.INVALID_ARGUMENT,
    Reason.UNKNOWN_TASK: code_pb2.NOT_FOUND,
    Reason.UNKNOWN_DATABASE: code_pb2.NOT_FOUND,
    Reason.UNKNOWN_PROFILE: code_pb2.INVALID_ARGUMENT,
    Reason.UNKNOWN_SESSION: code_pb2.NOT_FOUND,
    Reason.SESSION_CLOSED: code_pb2.FAILED_PRECONDITION,
    Reason.STEP_GAP: code_pb2.OUT_OF_RANGE,
    Reason.STEP_CONFLICT: code_pb2.ALREADY_EXISTS,
    Reason.TOO_MANY_SESSIONS: code_pb2.RESOURCE_EXHAUSTED,
    Reason.EPISODE_OVER: code_pb2.FAILED_PRECONDITION,
    Reason.ORACLE_SCOPE_REQUIRED: code_pb2.PERMISSION_DENIED,
    Reason.UNKNOWN_TOKEN: code_pb2.UNAUTHENTICATED,
    Reason.SHUTTING_DOWN: code_pb2.UNAVAILABLE,
    Reason.PROFILE_MISMATCH: code_pb2.INVALID_ARGUMENT,
    Reason.INTERNAL: code_pb2.INTERNAL,
    Reason.SESSION_EXPIRED: code_pb2.FAILED_PRECONDITION,
    Reason.SESSION_TAKEN: code_pb2.PERMISSION_DENIED,
    Reason.SESSION_MOVED: code_pb2.ABORTED,
    Reason.JOURNAL_UNAVAILABLE: code_pb2.UNAVAILABLE,
    Reason.REPLAY_MISMATCH: code_pb2.DATA_LOSS,
    Reason.SCOPE_REQUIRED: code_pb2.PERMISSION_DENIED,
    Reason.CALLER_BUSY: code_pb2.RESOURCE_EXHAUSTED,
    Reason.CLIENT_STALLED: code_pb2.RESOURCE_EXHAUSTED,
}


def internal() -> Refusal:
    """The refusal for a fault of the server's own, which has gone to the log."""
    return Refusal(
        Reason.INTERNAL, "a fault of the server's own; its log has the whole", hint="Please report it."
    )


def encode_command_error(refusal: Refusal, field: str) -> bytes:
    """Encodes a refusal as a command's or frame's error; `field` stands before the refusal's own."""
    message = error_pb2.CommandError(code=CODES[refusal.reason], message=refusal.message)
    message.detail.CopyFrom(detail(refusal, field))
    return message.SerializeToString()


def detail(refusal: Refusal, prefix: str = "") -> error_pb2.ErrorDetail:
    """Gives the typed detail of a refusal; `prefix` stands before its field."""
    message = error_pb2.ErrorDetail()
    message.reason = error_pb2.ErrorReason.ValueType(refusal.reason)
    message.field = ".".join(part for part in (prefix, refusal.field) if part)
    message.hint = refusal.hint
    if refusal.expected_step_index is not None:
        message.expected_step_index = refusal.expected_step_index
    if refusal.retry_after_seconds is not None:
        message.retry_after.FromNanoseconds(int(refusal.retry_after_seconds * 1e9))
    return message
