"""Real server processes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ORACLE_TOKEN = "oracle-of-the-tests"


class Log:
    """What a process says on stderr, read as it comes; it goes to our own stderr as well."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._lines: list[str] = []
        self._news = threading.Condition()
        self._ended = False
        threading.Thread(target=self._read, args=(process,), daemon=True).start()

    def __contains__(self, text: str) -> bool:
        return self.count(text) > 0

    def __str__(self) -> str:
        with self._news:
            return "".join(self._lines)

    def count(self, text: str) -> int:
        """Says how many lines have a text."""
        with self._news:
            return sum(text in line for line in self._lines)

    def wait_for(self, text: str, *, times: int = 1, seconds: float = 60.0) -> None:
        """Waits until a text has come. Fails when the process ends before, or it takes too long."""
        with self._news:
            came = self._news.wait_for(
                lambda: self._ended or sum(text in line for line in self._lines) >= times, seconds
            )
            found = sum(text in line for line in self._lines)
        assert found >= times, f"no {text!r} in the log{'' if came else ' in time'}:\n{self}"

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        for line in process.stderr:
            with contextlib.suppress(ValueError, OSError):  # at the very end stderr is closed
                sys.stderr.write(line)
            with self._news:
                self._lines.append(line)
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()


@dataclass
class Server:
    """`sqldojo serve` in a process of its own. `address` waits until it serves."""

    token: str
    process: subprocess.Popen[str]
    log: Log
    _announced: str = field(default="", repr=False)

    @property
    def address(self) -> str:
        """Where it listens. Fails when it ended instead."""
        if not self._announced:
            assert self.process.stdout is not None
            line = self.process.stdout.readline()
            assert line, f"the server did not start: {self.log}"
            self._announced = json.loads(line)["address"]
        return self._announced

    def kill(self) -> None:
        """Ends it at once, as the system does: nothing of it runs any more."""
        self.process.kill()
        self.process.wait()

    def terminate(self) -> int:
        """Asks it to end, as a supervisor does, and gives its exit status."""
        self.process.terminate()
        return self.process.wait(timeout=60)

    def close(self) -> int:
        """Ends it as a parent process does, unless it has ended; gives its exit status."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(timeout=60)


def start(
    *options: str, address: str = "127.0.0.1:0", environment: Mapping[str, str] | None = None
) -> Server:
    """Begins `sqldojo serve` with these options, and does not wait for it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sqldojo.cli", "serve", "--address", address, "--embedded", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="backslashreplace",  # gRPC's own lines may have bytes in them that a peer has sent
        env={
            **os.environ,
            "SQLDOJO_ORACLE_TOKEN": ORACLE_TOKEN,
            **({} if "--journal" in options else {"SQLDOJO_JOURNAL": "none"}),
            **(environment or {}),
        },
    )
    return Server(ORACLE_TOKEN, process, Log(process))


@contextlib.contextmanager
def serving(*options: str) -> Iterator[Server]:
    """Runs `sqldojo serve` with these options for as long as the block takes; it may be killed in it."""
    server = start(*options)
    try:
        assert server.address
        yield server
    finally:
        was_killed = server.process.poll() == -signal.SIGKILL
        assert server.close() == 0 or was_killed


def players_of(server: int) -> list[int]:
    """Gives the process ids of a server's players: the children of its nursery, its only child."""
    return sorted(player for nursery in _children(server) for player in _children(nursery))


def _children(pid: int) -> list[int]:
    """Gives the processes that a process has started, by whichever of its threads; none once it has ended."""
    tasks = Path(f"/proc/{pid}/task")
    try:
        files = [tasks / task / "children" for task in os.listdir(tasks)]
        return [int(child) for file in files for child in file.read_text().split()]
    except FileNotFoundError:
        return []
