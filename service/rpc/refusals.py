"""Refusals on the wire: canonical codes with a typed detail."""

from __future__ import annotations

from typing import NoReturn, Protocol, cast

import grpc
from google.rpc import status_pb2

from sqldojo.v1 import error_pb2

from ..sessions.refusal import Reason, Refusal

_CODES: dict[Reason, grpc.StatusCode] = {
    Reason.MALFORMED_MESSAGE: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.INVALID_FIELD: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.UNKNOWN_TASK: grpc.StatusCode.NOT_FOUND,
    Reason.UNKNOWN_DATABASE: grpc.StatusCode.NOT_FOUND,
    Reason.UNKNOWN_PROFILE: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.UNKNOWN_SESSION: grpc.StatusCode.NOT_FOUND,
    Reason.SESSION_CLOSED: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.STEP_GAP: grpc.StatusCode.OUT_OF_RANGE,
    Reason.STEP_CONFLICT: grpc.StatusCode.ALREADY_EXISTS,
    Reason.TOO_MANY_SESSIONS: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.EPISODE_OVER: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.ORACLE_SCOPE_REQUIRED: grpc.StatusCode.PERMISSION_DENIED,
    Reason.UNKNOWN_TOKEN: grpc.StatusCode.UNAUTHENTICATED,
    Reason.SHUTTING_DOWN: grpc.StatusCode.UNAVAILABLE,
    Reason.PROFILE_MISMATCH: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.INTERNAL: grpc.StatusCode.INTERNAL,
    Reason.SESSION_EXPIRED: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.SESSION_TAKEN: grpc.StatusCode.PERMISSION_DENIED,
    Reason.SESSION_MOVED: grpc.StatusCode.ABORTED,
    Reason.JOURNAL_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    Reason.REPLAY_MISMATCH: grpc.StatusCode.DATA_LOSS,
    Reason.SCOPE_REQUIRED: grpc.StatusCode.PERMISSION_DENIED,
}


class _Abortable(Protocol):
    async def abort(
        self, code: grpc.StatusCode, details: str, trailing_metadata: tuple[tuple[str, bytes], ...]
    ) -> NoReturn: ...


def internal() -> Refusal:
    """The refusal for a fault of the server's own, which has gone to the log."""
    return Refusal(
        Reason.INTERNAL, "a fault of the server's own; its log has the whole", hint="Please report it."
    )


def fill_command_error(message: error_pb2.CommandError, refusal: Refusal, field: str) -> None:
    """Writes a refusal as a command's or frame's error; `field` stands before the refusal's own."""
    message.code = _number(refusal)
    message.message = refusal.message
    _fill_detail(message.detail, refusal, field)


async def abort(context: object, refusal: Refusal) -> NoReturn:
    """Ends a call with a refusal's code, its message, and its detail as google.rpc.Status details."""
    status = status_pb2.Status(code=_number(refusal), message=refusal.message)
    detail = error_pb2.ErrorDetail()
    _fill_detail(detail, refusal, "")
    status.details.add().Pack(detail)
    await cast(_Abortable, context).abort(
        _CODES[refusal.reason],
        refusal.message,
        trailing_metadata=(("grpc-status-details-bin", status.SerializeToString()),),
    )


def _number(refusal: Refusal) -> int:
    return int(_CODES[refusal.reason].value[0])


def _fill_detail(message: error_pb2.ErrorDetail, refusal: Refusal, prefix: str) -> None:
    message.reason = error_pb2.ErrorReason.ValueType(refusal.reason)
    message.field = ".".join(part for part in (prefix, refusal.field) if part)
    message.hint = refusal.hint
    if refusal.expected_step_index is not None:
        message.expected_step_index = refusal.expected_step_index
    if refusal.retry_after_seconds is not None:
        message.retry_after.FromNanoseconds(int(refusal.retry_after_seconds * 1e9))
