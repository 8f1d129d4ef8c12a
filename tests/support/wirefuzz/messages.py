"""Messages made from the contract's descriptors: whole ones, damaged ones, and ones that were never any."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from . import encoding

NUMBERS = (
    0,
    1,
    2,
    3,
    5,
    16,
    100,
    101,
    256,
    1000,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**63 - 1,
    2**63,
    2**64 - 1,
    -1,
)
FLOATS = (0.0, -0.0, 1.0, float("nan"), float("inf"), float("-inf"), 5e-324, 1.7976931348623157e308)
TEXTS = (
    "", " ", "\0", "a\0b", "\n", "a\n", "%s%n", "' OR 1=1 --", "../../etc/passwd", "NULL", "é", "\u202e",
    "\ufeff", "\U0001f600", "x" * 127, "x" * 128, "x" * 129, "\u0661", "\x7f", "\r\nserving 1 tasks",
    "a" * 70_000,
)  # fmt: skip
BAD_TEXTS = (b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xc0\x80", b"a\xff" * 50)
STATEMENTS = (
    "SELECT 1", "SELECT * FROM {table}", "SELECT count(*) FROM {table} a, {table} b", "SELEC 1",
    "SELECT 1; SELECT 2", "SELECT '\0'", "DELETE FROM {table}", "PRAGMA user_version", "ATTACH 'x' AS x",
    "SELECT x'00ff', 1e999, -1e999", "SELECT " + "(" * 300 + "1" + ")" * 300,
    "SELECT CAST(x'edA080' AS TEXT)", "SELECT \"é\ufeff\" FROM {table}",
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    "SELECT printf('%.*c', 100000, 'x')", "SELECT 9223372036854775808, -9223372036854775808 / -1", "/* -- '",
)  # fmt: skip


@dataclass
class Live:
    """A session, as far as the fuzzer knows: what index its next step must have, if it lives."""

    session_id: str
    next_step: int = 1


@dataclass
class World:
    """What there is on the server, for messages that get past the first check."""

    tasks: Sequence[str]
    databases: Sequence[str]
    tables: Sequence[str]
    sessions: list[Live] = field(default_factory=lambda: [Live(f"wire-{number}") for number in range(16)])

    def __post_init__(self) -> None:
        self.by_id = {each.session_id: each for each in self.sessions}


class Maker:
    """Makes encoded messages. All chance is that of `rng`."""

    def __init__(self, rng: random.Random, world: World) -> None:
        self._rng = rng
        self._world = world
        self._about = world.sessions[0]

    def noise(self) -> bytes:
        """Gives bytes that are a message by chance only."""
        return self._rng.randbytes(self._rng.choice((0, 1, 2, 7, 30, 200, 3000)))

    def message(self, kind: Descriptor) -> bytes:
        """Gives a message of a kind. Most of its values are of the right sort, some are extremes."""
        self._about = self._rng.choice(self._world.sessions)
        return self._message(kind, self._rng.choice((0.0, 0.0, 0.02, 0.3)), 0)

    def damaged(self, kind: Descriptor) -> bytes:
        """Gives a message that was damaged in one to four places."""
        data = self.message(kind)
        for _ in range(self._rng.randint(1, 4)):
            data = self._rng.choice(_DAMAGES)(self._rng, data)
        return data

    def _message(self, kind: Descriptor, wild: float, depth: int) -> bytes:
        rng = self._rng
        parts = []
        oneofs = {each.containing_oneof.name: each for each in kind.fields if each.containing_oneof}
        chosen = {
            name: rng.choice([each for each in kind.fields if each.containing_oneof is one.containing_oneof])
            for name, one in oneofs.items()
        }
        for each in kind.fields:
            one_of = each.containing_oneof
            if rng.random() < wild:
                parts += [self._field(each, wild, depth) for _ in range(rng.choice((0, 2, 2, 5)))]
            elif one_of is None or chosen[one_of.name] is each:
                count = self._count(each) if each.is_repeated else 1
                parts += [self._field(each, wild, depth) for _ in range(count)]
        if rng.random() < wild:
            parts.append(self._unknown())
            rng.shuffle(parts)
        return b"".join(parts)

    def _count(self, each: FieldDescriptor) -> int:
        if each.message_type is None or each.message_type.name != "Command":
            return self._rng.choice((0, 1, 3))
        return self._rng.choice((0, 1, 1, 2, 4, 8, 8, 8, 256, 257) if self._rng.random() < 0.1 else (1, 2, 8))

    def _field(self, each: FieldDescriptor, wild: float, depth: int) -> bytes:
        rng = self._rng
        if rng.random() < wild / 4:  # of another type than the contract's
            return self._unknown(each.number)
        if each.message_type is not None:
            if depth == 1 and each.message_type.file.package == "sqldojo.v1":  # a frame's command
                self._about = rng.choice(self._world.sessions)
            return encoding.delimited(each.number, self._message(each.message_type, wild, depth + 1))
        if each.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES):
            return encoding.delimited(each.number, self._text(each.name, wild))
        if each.type == FieldDescriptor.TYPE_DOUBLE:
            return encoding.tag(each.number, encoding.FIXED64) + struct.pack("<d", rng.choice(FLOATS))
        if each.type == FieldDescriptor.TYPE_FLOAT:
            return encoding.tag(each.number, encoding.FIXED32) + struct.pack("<f", rng.choice(FLOATS[:6]))
        return encoding.tag(each.number, encoding.VARINT) + encoding.varint(self._number(each, wild))

    def _number(self, each: FieldDescriptor, wild: float) -> int:
        rng = self._rng
        if rng.random() < wild:
            return rng.choice(NUMBERS) if rng.random() < 0.8 else rng.getrandbits(64)
        if each.name == "step_index":
            return self._about.next_step
        if each.enum_type is not None:
            return rng.choice([value.number for value in each.enum_type.values])
        if each.name == "episodes":
            return rng.choice((1, 2, 15))
        if each.name in ("budget", "include_gold"):
            return rng.choice((0, 0, 5))
        return rng.randrange(1000)

    def _text(self, name: str, wild: float) -> bytes:
        rng, world = self._rng, self._world
        if rng.random() < wild:
            if rng.random() < 0.2:
                return rng.choice(BAD_TEXTS)
            if rng.random() < 0.2:
                return rng.randbytes(rng.randrange(40)).decode("latin-1").encode()
            return rng.choice(TEXTS).encode()
        match name:
            case "session_id":
                return self._about.session_id.encode()
            case "task_id":
                return rng.choice(world.tasks).encode()
            case "database_id":
                return rng.choice(world.databases).encode()
            case "table":
                return rng.choice(world.tables).encode()
            case "sql":
                return rng.choice(STATEMENTS).replace("{table}", rng.choice(world.tables)).encode()
            case "page_token" | "profile" | "family":
                return rng.choice((b"", b"", b"3"))
            case "service":
                return rng.choice((b"", b"sqldojo.v1.TaskService", b"no.such.Service"))
            case _:
                names = (
                    "sqldojo/v1/task.proto",
                    "sqldojo.v1.Command",
                    "google.protobuf.FieldOptions",
                    "1",
                    "[]",
                )
                return rng.choice(names).encode()

    def _unknown(self, number: int = 0) -> bytes:
        rng = self._rng
        number = number or rng.choice((0, 15, 16, 77, 2**20, 2**29 - 1))
        match rng.randrange(6):
            case 0:
                return encoding.tag(number, encoding.VARINT) + encoding.varint(rng.getrandbits(64))
            case 1:
                return encoding.tag(number, encoding.FIXED64) + rng.randbytes(8)
            case 2:
                return encoding.tag(number, encoding.FIXED32) + rng.randbytes(4)
            case 3:
                return encoding.groups(rng.choice((1, 50, 99, 100, 101, 5000)))
            case 4:
                return encoding.tag(number, rng.choice((3, 4, 6, 7)))
            case _:
                return encoding.delimited(number, rng.randbytes(rng.randrange(100)))


_Damage = Callable[[random.Random, bytes], bytes]


def _flip(rng: random.Random, data: bytes) -> bytes:
    if not data:
        return data
    changed = bytearray(data)
    changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _truncate(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _splice(rng: random.Random, data: bytes) -> bytes:
    first, second = rng.randrange(len(data) + 1), rng.randrange(len(data) + 1)
    return data[:first] + data[second:]


def _repeat(rng: random.Random, data: bytes) -> bytes:
    return data * rng.choice((2, 3, 20)) if len(data) < 5_000 else data


def _insert(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.randbytes(rng.choice((1, 4, 50))) + data[at:]


def _lie(rng: random.Random, data: bytes) -> bytes:
    """Puts it into a field whose length is a lie."""
    length = rng.choice((0, 1, len(data) + 1, 2**31 - 1, 2**31, 2**32, 2**63, 2**64 - 1))
    return encoding.delimited(rng.randint(1, 6), data, length)


def _nest(rng: random.Random, data: bytes) -> bytes:
    for _ in range(rng.choice((1, 10, 120))):
        data = encoding.delimited(rng.randint(1, 6), data)
    return data


def _overlong(rng: random.Random, data: bytes) -> bytes:
    """Puts a number of more than ten bytes before it."""
    return b"\x08" + b"\xff" * rng.choice((9, 10, 11, 100)) + b"\x01" + data


_DAMAGES: tuple[_Damage, ...] = (_flip, _flip, _truncate, _splice, _repeat, _insert, _lie, _nest, _overlong)
