"""Why a call was refused."""

from __future__ import annotations

from enum import IntEnum

import grpc
from google.rpc.status_pb2 import Status

from sqldojo.v1 import error_pb2

_CODES = {code.value[0]: code for code in grpc.StatusCode}
_DETAILS_KEY = "grpc-status-details-bin"


class ErrorReason(IntEnum):
    """Why a call was refused; numbers as in the contract. UNSPECIFIED where the service did not say."""

    UNSPECIFIED = 0
    MALFORMED_MESSAGE = 1
    INVALID_FIELD = 2
    UNKNOWN_TASK = 3
    UNKNOWN_DATABASE = 4
    UNKNOWN_PROFILE = 5
    UNKNOWN_SESSION = 6
    SESSION_CLOSED = 7
    STEP_GAP = 8
    STEP_CONFLICT = 9
    TOO_MANY_SESSIONS = 10
    EPISODE_OVER = 11
    ORACLE_SCOPE_REQUIRED = 12
    UNKNOWN_TOKEN = 13
    SHUTTING_DOWN = 14
    PROFILE_MISMATCH = 15
    INTERNAL = 16
    SESSION_EXPIRED = 17
    SESSION_TAKEN = 18
    SESSION_MOVED = 19
    JOURNAL_UNAVAILABLE = 20
    REPLAY_MISMATCH = 21
    SCOPE_REQUIRED = 22
    CALLER_BUSY = 23
    CLIENT_STALLED = 24


class DojoError(Exception):
    """A call that was refused or could not be made.

    `code` is gRPC's, `reason` the service's own. `field` is the path of the field that is to blame, `hint`
    says what to do; both are empty where there is none. `expected_step_index` is set for STEP_GAP and
    STEP_CONFLICT.
    `retry_after`, in seconds, is set where trying again later helps.
    """

    def __init__(
        self,
        message: str,
        code: grpc.StatusCode,
        *,
        reason: ErrorReason = ErrorReason.UNSPECIFIED,
        field: str = "",
        hint: str = "",
        expected_step_index: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, code, reason, field, hint, expected_step_index, retry_after)
        self.message = message
        self.code = code
        self.reason = reason
        self.field = field
        self.hint = hint
        self.expected_step_index = expected_step_index
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[object, ...]:
        return _again, self.args

    def __str__(self) -> str:
        name = self.code.name if self.reason is ErrorReason.UNSPECIFIED else self.reason.name
        where = f" (at {self.field})" if self.field else ""
        hint = f" {self.hint}" if self.hint else ""
        return f"{name}: {self.message}{where}{'' if self.message.endswith('.') else '.'}{hint}"


def _again(
    message: str,
    code: grpc.StatusCode,
    reason: ErrorReason,
    field: str,
    hint: str,
    expected_step_index: int | None,
    retry_after: float | None,
) -> DojoError:
    """Makes a DojoError of its `args`."""
    return DojoError(
        message,
        code,
        reason=reason,
        field=field,
        hint=hint,
        expected_step_index=expected_step_index,
        retry_after=retry_after,
    )


def connection_closed() -> DojoError:
    """Gives the error of a call over a connection that its user has closed."""
    return DojoError("the connection was closed", grpc.StatusCode.CANCELLED)


def too_large(size: int, most: int) -> DojoError:
    """Gives the error of a request of more bytes than can be sent."""
    message = f"the request has {size} bytes; at most {most} can be sent"
    return DojoError(message, grpc.StatusCode.RESOURCE_EXHAUSTED)


def error_of_command(error: error_pb2.CommandError) -> DojoError:
    """Gives the error that answers a command or a frame of a rollout stream."""
    return _error(error.message, _CODES.get(error.code, grpc.StatusCode.UNKNOWN), error.detail)


def error_of_call(error: grpc.aio.AioRpcError, address: str) -> DojoError:
    """Gives the error of a call to `address`, with the detail that the service put into its trailers."""
    message = error.details() or "the call failed without a word"
    detail = _detail(error)
    if detail is None:
        unreachable = error.code() is grpc.StatusCode.UNAVAILABLE
        hint = f"Is a sqldojo server running at {address}?" if unreachable else ""
        return DojoError(message, error.code(), hint=hint)
    return _error(message, error.code(), detail)


def _error(message: str, code: grpc.StatusCode, detail: error_pb2.ErrorDetail) -> DojoError:
    wait = detail.retry_after.ToTimedelta() if detail.HasField("retry_after") else None
    return DojoError(
        message,
        code,
        reason=_reason(detail.reason),
        field=detail.field,
        hint=detail.hint,
        expected_step_index=detail.expected_step_index if detail.HasField("expected_step_index") else None,
        retry_after=wait.total_seconds() if wait is not None else None,
    )


def _reason(number: int) -> ErrorReason:
    # A newer service may know more reasons; its message and hint still say what is wrong.
    return ErrorReason(number) if number in ErrorReason.__members__.values() else ErrorReason.UNSPECIFIED


def _detail(error: grpc.aio.AioRpcError) -> error_pb2.ErrorDetail | None:
    """Gives the ErrorDetail in google.rpc.Status's packed details; None where no service of ours put one."""
    for key, value in error.trailing_metadata() or ():
        if key == _DETAILS_KEY:
            for packed in Status.FromString(value).details:
                detail = error_pb2.ErrorDetail()
                if packed.Unpack(detail):
                    return detail
    return None
