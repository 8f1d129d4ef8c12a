"""A call that is refused: never for an agent's SQL, always with what to do about it."""

from __future__ import annotations

from enum import IntEnum


class Reason(IntEnum):
    """Why a call is refused; the numbers are the contract's (error.proto, ErrorReason)."""

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


class Refusal(Exception):
    """A refused call: the reason, what is wrong, the field to blame and what to do."""

    def __init__(
        self,
        reason: Reason,
        message: str,
        *,
        field: str = "",
        hint: str = "",
        expected_step_index: int | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.field = field
        self.hint = hint
        self.expected_step_index = expected_step_index
        self.retry_after_seconds = retry_after_seconds
