"""Connections of a command, and what it says when one goes wrong."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import grpc

from ..client.channel import Tls
from ..client.connection import Dojo, connect
from ..client.errors import DojoError
from ..client.sync import SyncDojo, connect_sync
from .failure import WENT_WRONG, WRONG_CALL, fail
from .pem import check_authority, check_pair
from .serve import split_address

T = TypeVar("T")

_MENDED_BY_THE_USER = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.UNAVAILABLE,
}


def run(command: Coroutine[Any, Any, T]) -> T:
    """Runs a command on a loop of its own; a refused call ends it with a message, not a traceback."""
    with reporting():
        return asyncio.run(command)


@contextlib.contextmanager
def reporting() -> Iterator[None]:
    """Turns a refused call into a message and an exit code."""
    try:
        yield
    except DojoError as error:
        fail(str(error), code=WRONG_CALL if error.code in _MENDED_BY_THE_USER else WENT_WRONG)


@dataclass(frozen=True, slots=True)
class Target:
    """The server that a command uses: the one at `address`, or without one a server of the command's own."""

    address: str | None = None
    token: str | None = None
    tls: Tls | None = None


def target(
    address: str | None,
    token: str | None,
    tls_ca: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    *,
    oracle: bool = False,
) -> Target:
    """Gives what the options stand for; a server of the command's own needs no token and no TLS.

    Fails where they lead to no server. `oracle` is for a command that needs gold.
    """
    if address is None:
        return Target()
    split_address(address)
    if oracle and not token:
        fail(
            f"gold from {address} needs its oracle token",
            hint="Give the token that the server was started with: --token or SQLDOJO_TOKEN.",
        )
    if not (tls_ca or tls_cert or tls_key):
        return Target(address, token)
    check_authority(tls_ca)
    check_pair(tls_cert, tls_key)
    return Target(address, token, Tls(tls_ca, tls_cert, tls_key))


@contextlib.asynccontextmanager
async def connected(server: Target, *, oracle: bool = False) -> AsyncIterator[Dojo]:
    """Connects to a command's server; `oracle` is for one of the command's own."""
    async with connect(server.address, token=server.token, tls=server.tls, oracle=oracle) as dojo:
        yield dojo


@contextlib.contextmanager
def connected_sync(server: Target) -> Iterator[SyncDojo]:
    """Connects as `connected` does, for a command that waits for a person."""
    with connect_sync(server.address, token=server.token, tls=server.tls) as dojo:
        yield dojo
