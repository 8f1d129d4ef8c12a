"""Real server processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

ORACLE_TOKEN = "oracle-of-the-tests"


@dataclass(frozen=True)
class Server:
    address: str
    token: str
    process: subprocess.Popen[str]


@contextmanager
def serving(*options: str) -> Iterator[Server]:
    """Runs `sqldojo serve` with these options in a process of its own, for as long as the block takes."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sqldojo.cli", "serve", "--address", "127.0.0.1:0", "--embedded", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "SQLDOJO_ORACLE_TOKEN": ORACLE_TOKEN,
            **({} if "--journal" in options else {"SQLDOJO_JOURNAL": "none"}),
        },
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Server(json.loads(process.stdout.readline())["address"], ORACLE_TOKEN, process)
    finally:
        was_killed = process.poll() == -signal.SIGKILL
        process.stdin.close()
        assert was_killed or process.wait(timeout=60) == 0
