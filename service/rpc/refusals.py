"""Refused calls: canonical codes with a typed detail."""

from __future__ import annotations

from collections import Counter
from typing import NoReturn, Protocol, cast

import grpc
from google.rpc import status_pb2

from ..players.errors import CODES, detail
from ..sessions.refusal import Reason, Refusal

_STATUS = {status.value[0]: status for status in grpc.StatusCode}

refused: Counter[Reason] = Counter()
"""How many calls of this process were refused."""


class _Abortable(Protocol):
    async def abort(
        self, code: grpc.StatusCode, details: str, trailing_metadata: tuple[tuple[str, bytes], ...]
    ) -> NoReturn: ...


async def abort(context: object, refusal: Refusal) -> NoReturn:
    """Ends a call with a refusal's code, its message, and its detail as google.rpc.Status details."""
    refused[refusal.reason] += 1
    code = CODES[refusal.reason]
    status = status_pb2.Status(code=code, message=refusal.message)
    status.details.add().Pack(detail(refusal))
    await cast(_Abortable, context).abort(
        _STATUS[code],
        refusal.message,
        trailing_metadata=(("grpc-status-details-bin", status.SerializeToString()),),
    )
