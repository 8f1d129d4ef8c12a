"""Protobuf's encoding by hand, so that it can lie (https://protobuf.dev/programming-guides/encoding/)."""

from __future__ import annotations

VARINT, FIXED64, LENGTH, START_GROUP, END_GROUP, FIXED32 = range(6)


def varint(value: int) -> bytes:
    """Encodes an unsigned number; a negative one takes 64 bits, as in int32."""
    value %= 1 << 64
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def tag(number: int, wire_type: int) -> bytes:
    """Encodes what stands before a value."""
    return varint(number << 3 | wire_type)


def delimited(number: int, content: bytes, length: int | None = None) -> bytes:
    """Encodes a field with a length, which may be another than that of the content."""
    return tag(number, LENGTH) + varint(len(content) if length is None else length) + content


def groups(depth: int) -> bytes:
    """Encodes so many groups, one in the other."""
    return tag(99, START_GROUP) * depth + tag(99, END_GROUP) * depth
