"""Messages put together from parts that are encoded already, and looked at before they are read.

In protobuf's encoding a message is its fields one after the other, and a field that holds a message is a tag,
a length and that message's bytes (https://protobuf.dev/programming-guides/encoding/). So parts that are the
same for many steps are encoded once, and an answer that a session has kept goes into a frame as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache

from google.protobuf.descriptor import Descriptor

_VARINT, _LENGTH_DELIMITED = 0, 2  # wire types


def field(number: int, content: bytes) -> bytes:
    """Gives a field that holds a message, a text or packed numbers, which are `content`."""
    return _head(number, len(content)) + content


def number_field(number: int, value: int) -> bytes:
    """Gives a field that holds an unsigned integer; nothing for 0, which is the default."""
    return _varint(number << 3 | _VARINT) + _varint(value) if value else b""


Shape = Mapping[int, "Shape"]
"""The fields of a message that hold messages, by number."""

FLAT: Shape = {}


@cache
def shape(descriptor: Descriptor) -> Shape:
    """Gives the shape of a kind of message, which may not hold another of its own kind."""
    return {
        each.number: shape(each.message_type) for each in descriptor.fields if each.message_type is not None
    }


def has_more_fields(data: bytes, most: int, inner: Shape = FLAT) -> bool:
    """Says whether a message, with the messages in it that `inner` names, has more fields than `most`.

    It is not read for this: 16 MB may hold 8 million fields, which take a second and 25 times the memory.
    """
    try:
        return _count_down(data, 0, len(data), inner, most) < 0
    except IndexError:
        return False  # it breaks off, and so does who reads it


def _count_down(data: bytes, place: int, end: int, inner: Shape, left: int) -> int:
    """Gives `left` less the fields from `place` to `end`, below 0 once it is."""
    while place < end and left >= 0:
        tag, place = _read_varint(data, place)
        left -= 1
        match tag & 7:
            case 0:
                _, place = _read_varint(data, place)
            case 1:
                place += 8
            case 2:
                length, place = _read_varint(data, place)
                if (within := inner.get(tag >> 3)) is not None:
                    left = _count_down(data, place, min(place + length, end), within, left)
                place += length
            case 5:
                place += 4
            case _:
                raise IndexError  # groups, which have been no part of the contract
    return left


def _read_varint(data: bytes, place: int) -> tuple[int, int]:
    """Gives a number, and the place after it. Raises IndexError where there is none of 64 bits."""
    number, shift = 0, 0
    while data[place] > 0x7F:
        if shift > 56:
            raise IndexError
        number |= (data[place] & 0x7F) << shift
        place, shift = place + 1, shift + 7
    return number | data[place] << shift, place + 1


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
