"""Messages put together from parts that are encoded already.

In protobuf's encoding a message is its fields one after the other, and a field that holds a message is a tag,
a length and that message's bytes (https://protobuf.dev/programming-guides/encoding/). So parts that are the
same for many steps are encoded once, and an answer that a session has kept goes into a frame as it is.
"""

from __future__ import annotations

from functools import lru_cache

_VARINT, _LENGTH_DELIMITED = 0, 2  # wire types


def field(number: int, content: bytes) -> bytes:
    """Gives a field that holds a message, a text or packed numbers, which are `content`."""
    return _head(number, len(content)) + content


def number_field(number: int, value: int) -> bytes:
    """Gives a field that holds an unsigned integer; nothing for 0, which is the default."""
    return _varint(number << 3 | _VARINT) + _varint(value) if value else b""


@lru_cache(maxsize=8192)
def _head(number: int, length: int) -> bytes:
    return _varint(number << 3 | _LENGTH_DELIMITED) + _varint(length)


@lru_cache(maxsize=8192)
def _varint(value: int) -> bytes:
    """Gives 7 bits a byte, the lowest first, with the high bit on all bytes but the last."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
