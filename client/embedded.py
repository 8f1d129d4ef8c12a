"""A server of one's own: a process that serves on this machine for as long as it is needed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import sys
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass

import grpc

from .errors import DojoError

_COMMAND = ("-m", "sqldojo.cli", "serve", "--address", "127.0.0.1:0", "--embedded")
_START_SECONDS = 120.0
_STOP_SECONDS = 10.0
_LAST_WORDS_SECONDS = 1.0
_TAIL_LINES = 20


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """Where the server listens, and the token that opens gold."""

    address: str
    oracle_token: str
    pid: int


@contextlib.asynccontextmanager
async def embedded_server() -> AsyncIterator[EmbeddedServer]:
    """Starts a server in its own process, and ends it on leaving.

    The server also ends by itself when this process does, however that comes: it watches its standard
    input. Raises DojoError (UNAVAILABLE) with the end of the server's log when it does not start.
    """
    oracle_token = secrets.token_urlsafe(32)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *_COMMAND,
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        env={**os.environ, "SQLDOJO_ORACLE_TOKEN": oracle_token, "SQLDOJO_JOURNAL": "none"},
        start_new_session=True,  # Ctrl-C reaches the client only, which still has sessions to close
    )
    assert process.stdout is not None
    assert process.stderr is not None
    log: deque[str] = deque(maxlen=_TAIL_LINES)
    reading = asyncio.create_task(_keep_tail(process.stderr, log))
    try:
        address = await _address(process.stdout)
        if address is None:
            await _stop(process)
            await asyncio.wait((reading,), timeout=_LAST_WORDS_SECONDS)
            raise _not_started(process, log)
        yield EmbeddedServer(address, oracle_token, process.pid)
    finally:
        await _stop(process)
        reading.cancel()


async def _address(stdout: asyncio.StreamReader) -> str | None:
    """Gives the address that the server prints when it serves; None when it ends or says nothing in time."""
    try:
        line = await asyncio.wait_for(stdout.readline(), _START_SECONDS)
        return str(json.loads(line)["address"])
    except (TimeoutError, ValueError, KeyError, TypeError):
        return None


async def _keep_tail(stream: asyncio.StreamReader, tail: deque[str]) -> None:
    async for line in stream:
        tail.append(line.decode(errors="replace").rstrip())


def _not_started(process: Process, log: deque[str]) -> DojoError:
    said = "\n".join(log) or "(nothing)"
    missing = 'Is the service installed? pip install "sqldojo[server]". ' * ("ModuleNotFoundError" in said)
    return DojoError(
        f"the embedded server did not start (exit status {process.returncode})",
        grpc.StatusCode.UNAVAILABLE,
        hint=f"{missing}It said at last:\n{said}",
    )


async def _stop(process: Process) -> None:
    """Ends the process: asks by closing its input, then by signal, then kills it."""
    assert process.stdin is not None
    process.stdin.close()
    for insist in (process.terminate, process.kill):
        try:
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                insist()
    await process.wait()
