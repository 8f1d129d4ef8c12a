"""Connections that speak something else than gRPC, or speak HTTP/2 badly, or hardly speak at all."""

from __future__ import annotations

import asyncio
import contextlib
import random
import struct
from collections import Counter
from collections.abc import AsyncIterator, Callable

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = (
    range(10)
)
END_STREAM, END_HEADERS = 1, 4
SECONDS = 30.0  # after which a server that should close has hung
AT_ONCE = 16

CLIENT_HELLO = bytes.fromhex(
    "16030100750100007103037f3c0a4dd1f0e3b29a5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90a1000004130113020100004400"
    "0d00080006040308040401000a00040002001d003300260024001d0020" + "5a" * 32 + "002b0003020304"
)
HTTP1 = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST /sqldojo.v1.EnvironmentService/Reset HTTP/1.1\r\nContent-Length: 99999\r\n\r\n{}",
    b"GET / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AA\r\n\r\n",
    b"GET /" + b"a" * 100_000,
    b"\r\n" * 5_000,
)


def frame(kind: int, flags: int, stream: int, payload: bytes, length: int | None = None) -> bytes:
    """Encodes a frame (RFC 9113, 4.1); its length may be a lie."""
    size = len(payload) if length is None else length
    return struct.pack(">I", size)[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def headers(path: bytes, *more: tuple[bytes, bytes]) -> bytes:
    """Encodes a request's headers, each as a literal that is not indexed (RFC 7541, 6.2.2)."""
    request = (
        (b":method", b"POST"), (b":scheme", b"http"), (b":path", path), (b":authority", b"localhost"),
        (b"content-type", b"application/grpc"), (b"te", b"trailers"), *more,
    )  # fmt: skip
    return b"".join(b"\0" + _text(name) + _text(value) for name, value in request)


def _text(text: bytes) -> bytes:
    if len(text) < 127:
        return bytes((len(text),)) + text
    rest, encoded = len(text) - 127, b"\x7f"
    while rest > 127:
        encoded, rest = encoded + bytes((rest & 127 | 128,)), rest >> 7
    return encoded + bytes((rest,)) + text


OPENING = PREFACE + frame(SETTINGS, 0, 0, b"")
RESET = b"/sqldojo.v1.EnvironmentService/Reset"
CHECK = b"/grpc.health.v1.Health/Check"


def _random_bytes(rng: random.Random) -> bytes:
    return rng.randbytes(rng.choice((1, 24, 500, 60_000)))


def _random_frames(rng: random.Random) -> bytes:
    sent = OPENING
    for _ in range(rng.randint(1, 30)):
        length = rng.choice((None, None, None, 0, 2**24 - 1))
        payload = rng.randbytes(rng.choice((0, 4, 5, 8, 100, 16_384)))
        sent += frame(
            rng.randrange(14), rng.getrandbits(8), rng.choice((0, 1, 2, 3, 2**31 - 1)), payload, length
        )
    return sent


def _settings_flood(rng: random.Random) -> bytes:
    one = frame(SETTINGS, 0, 0, struct.pack(">HI", rng.randrange(8), rng.getrandbits(31)))
    return OPENING + one * 2_000


def _ping_flood(rng: random.Random) -> bytes:
    return OPENING + frame(PING, 0, 0, rng.randbytes(8)) * 2_000


def _rapid_reset(rng: random.Random) -> bytes:
    opened = headers(rng.choice((RESET, CHECK)))
    return OPENING + b"".join(
        frame(HEADERS, END_HEADERS, stream, opened) + frame(RST_STREAM, 0, stream, struct.pack(">I", 8))
        for stream in range(1, 401, 2)
    )


def _continuation_flood(rng: random.Random) -> bytes:
    """Headers that never end. gRPC keeps 20 times their bytes, for some seconds after the connection too."""
    return (
        OPENING + frame(HEADERS, 0, 1, headers(RESET)) + frame(CONTINUATION, 0, 1, b"\0\x01a\x01b" * 400) * 30
    )


def _header_bomb(rng: random.Random) -> bytes:
    """One large header goes into the table; then a reference to it of one byte, often."""
    large = b"\x40\x01x" + _text(b"y" * 4_000)
    return OPENING + frame(HEADERS, END_HEADERS, 1, headers(CHECK) + large + b"\xbe" * 1_000)


def _bad_headers(rng: random.Random) -> bytes:
    more = rng.choice(
        (
            (b"authorization", b"Bearer \xff\xfe"), (b"grpc-timeout", b"99999999999999H"),
            (b"grpc-encoding", b"zip"), (b"grpc-encoding", b"gzip"), (b"content-type", b"text/html"),
            (b":path", b"/x"), (b"", b""), (b"A", b"\0\r\n"), (b"x-bin", b"%%%"),
        )
    )  # fmt: skip
    body = struct.pack(">BI", 0, 2) + b"\x0a\x00"
    return OPENING + frame(HEADERS, END_HEADERS, 1, headers(RESET, more)) + frame(DATA, END_STREAM, 1, body)


def _bad_messages(rng: random.Random) -> bytes:
    """Messages whose own head lies: compressed, but not; longer than what comes; or no head at all."""
    body = rng.choice(
        (
            b"\x01\0\0\0\x02\x0a\x00",
            b"\0\xff\xff\xff\xff",
            b"\0\0\0\0\x64short",
            b"\x07\0\0\0\0",
            b"\0\0",
            b"",
        )
    )
    return OPENING + frame(HEADERS, END_HEADERS, 1, headers(RESET)) + frame(DATA, END_STREAM, 1, body)


KINDS: dict[str, Callable[[random.Random], bytes]] = {
    "HTTP/1": lambda rng: rng.choice(HTTP1),
    "TLS": lambda rng: CLIENT_HELLO * rng.choice((1, 20)),
    "random bytes": _random_bytes,
    "random frames": _random_frames,
    "SETTINGS flood": _settings_flood,
    "PING flood": _ping_flood,
    "rapid reset": _rapid_reset,
    "CONTINUATION flood": _continuation_flood,
    "header bomb": _header_bomb,
    "bad headers": _bad_headers,
    "bad message heads": _bad_messages,
}


async def attack(address: str, rng: random.Random, count: int, made: Counter[str]) -> None:
    """Makes so many connections of every kind. Raises TimeoutError when the server does not close one."""
    host, port = address.rsplit(":", 1)
    some = asyncio.Semaphore(AT_ONCE)

    async def one(kind: str, data: bytes) -> None:
        async with some, asyncio.timeout(SECONDS):
            reader, writer = await asyncio.open_connection(host, int(port))
            with contextlib.suppress(OSError):  # it closed while we wrote
                cut = rng.randrange(len(data) + 1) if rng.random() < 0.3 else len(data)
                writer.write(data[:cut])
                writer.write_eof()
                while await reader.read(65_536):
                    pass
            writer.close()
            made[kind] += 1

    await asyncio.gather(*(one(kind, make(rng)) for kind, make in KINDS.items() for _ in range(count)))


@contextlib.asynccontextmanager
async def lingering(address: str, count: int, made: Counter[str]) -> AsyncIterator[None]:
    """Holds so many connections that say a little and then nothing, for as long as the block runs."""
    host, port = address.rsplit(":", 1)
    begun = (
        OPENING + frame(HEADERS, END_HEADERS, 1, headers(RESET)) + frame(DATA, 0, 1, b"\0\0\0\xff\xff\x0a")
    )
    says = (b"P", PREFACE[:20], OPENING, begun)
    writers = []
    try:
        for number in range(count):
            _, writer = await asyncio.open_connection(host, int(port))
            writers.append(writer)
            writer.write(says[number % len(says)])
            await writer.drain()
            made["slow-loris"] += 1
        yield
    finally:
        for writer in writers:
            writer.close()
