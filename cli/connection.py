"""Connections of a command, and what it says when one goes wrong."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import grpc

from ..client.channel import Tls
from ..client.connection import Dojo, connect
from ..client.errors import DojoError
from ..client.sync import SyncDojo, connect_sync
from .failure import WENT_WRONG, WRONG_CALL, fail
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


@contextlib.asynccontextmanager
async def connected(address: str | None, token: str | None, *, oracle: bool = False) -> AsyncIterator[Dojo]:
    """Connects to the server at `address`, or to one of the command's own when there is none."""
    token = _checked_token(address, token, oracle=oracle)
    async with connect(address, token=token, tls=_tls(address), oracle=oracle) as dojo:
        yield dojo


@contextlib.contextmanager
def connected_sync(address: str | None, token: str | None) -> Iterator[SyncDojo]:
    """Connects as `connected` does, for a command that waits for a person."""
    token = _checked_token(address, token, oracle=False)
    with connect_sync(address, token=token, tls=_tls(address)) as dojo:
        yield dojo


def _tls(address: str | None) -> Tls | None:
    """Reads SQLDOJO_TLS_CA, SQLDOJO_TLS_CERT and SQLDOJO_TLS_KEY; none of them: the address has no TLS."""
    files = [os.environ.get(f"SQLDOJO_TLS_{name}") for name in ("CA", "CERT", "KEY")]
    if address is None or not any(files):
        return None
    for file in files:
        if file and not os.access(file, os.R_OK):
            fail(f"{file} cannot be read", hint="See SQLDOJO_TLS_CA, SQLDOJO_TLS_CERT, SQLDOJO_TLS_KEY.")
    ca, certificate, key = (Path(file) if file else None for file in files)
    return Tls(ca, certificate, key)


def _checked_token(address: str | None, token: str | None, *, oracle: bool) -> str | None:
    """Gives the token to send; a server of the command's own needs none from the user."""
    if address is None:
        return None
    split_address(address)
    if oracle and not token:
        fail(
            f"gold from {address} needs its oracle token",
            hint="Give the token that the server was started with: --token or SQLDOJO_TOKEN.",
        )
    return token
