"""Reply frames put together from results that are encoded already.

A session keeps each answer as the bytes that were sent, so that a repeated step gets the same bytes. A frame
takes them as they are: in protobuf's encoding a message field is its tag, its length and its bytes
(https://protobuf.dev/programming-guides/encoding/), so nothing is read or copied field by field.
"""

from __future__ import annotations

from functools import lru_cache

from sqldojo.v1 import environment_pb2 as pb

_LENGTH_DELIMITED = 2  # the wire type of messages
_RESULTS = pb.RolloutResponse.RESULTS_FIELD_NUMBER << 3 | _LENGTH_DELIMITED
_CORRELATION_ID = pb.CommandResult.CORRELATION_ID_FIELD_NUMBER << 3  # wire type 0: a varint

RESET = pb.CommandResult.RESET_FIELD_NUMBER
STEP = pb.CommandResult.STEP_FIELD_NUMBER
STEP_WITH_REVIEW = pb.CommandResult.STEP_WITH_REVIEW_FIELD_NUMBER
CLOSE = pb.CommandResult.CLOSE_FIELD_NUMBER
ERROR = pb.CommandResult.ERROR_FIELD_NUMBER


def result(correlation_id: int, field: int, answer: bytes) -> bytes:
    """Gives one entry of RolloutResponse.results: the CommandResult whose field `field` is `answer`."""
    head = _varint(_CORRELATION_ID) + _varint(correlation_id) if correlation_id else b""
    head += _head(field, len(answer))
    return b"".join((_varint(_RESULTS), _varint(len(head) + len(answer)), head, answer))


@lru_cache(maxsize=8192)
def _head(field: int, length: int) -> bytes:
    return _varint(field << 3 | _LENGTH_DELIMITED) + _varint(length)


@lru_cache(maxsize=8192)
def _varint(number: int) -> bytes:
    """Gives 7 bits a byte, the lowest first, with the high bit on all bytes but the last."""
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
