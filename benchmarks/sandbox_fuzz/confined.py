"""A process that runs statements in the sandbox and may do nothing else: the kernel ends it when it tries.

Once its databases are open it gives up every system call but those that handle memory, time and threads, and
reading and writing what is open already. A statement that reaches for a file, a socket or a process, by
whatever bug of SQLite or of ours, kills it, and the statement is known. Linux on x86-64 or arm64.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import platform
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, Self

import apsw

from sqldojo.service.core.execution import ActionError, ErrorKind, Rows
from sqldojo.service.core.schema import Permissions, Schema
from sqldojo.service.sandbox.clock import set_process_time_zone
from sqldojo.service.sandbox.database import Database
from sqldojo.service.sandbox.limits import Limits
from sqldojo.service.sandbox.pool import set_process_heap_limit

ROWS: Final = "ROWS"
"""The outcome of a statement that was run; any other is the name of an ErrorKind."""

_CALLS: Final = {  # the kernel's numbers for x86-64 and arm64
    "read": (0, 63),
    "write": (1, 64),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "brk": (12, 214),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "futex": (202, 98),
    "sched_yield": (24, 124),
    "clock_gettime": (228, 113),
    "clock_nanosleep": (230, 115),
    "gettimeofday": (96, 169),
    "getrandom": (318, 278),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "restart_syscall": (219, 128),
    "exit": (60, 93),
    "exit_group": (231, 94),
}
_SECCOMP: Final = (317, 277)
_ARCHITECTURES: Final = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column, the kernel's name
_HEAD: Final = struct.Struct("<I")
_HEAP_BYTES: Final = 4 * 1024**3  # as in a player, see players/player.py


class Escape(Exception):
    """The process ended while it ran a statement."""


class World(NamedTuple):
    """A database with one task's permissions; `is_guarded` False is plain SQLite, to try the trap itself."""

    image: bytes
    schema: Schema
    permissions: Permissions
    is_guarded: bool = True


class Result(NamedTuple):
    """What came of a statement. `fault` says what it did that it may not; empty for nothing."""

    outcome: str
    message: str
    seconds: float  # until the answer
    processor_seconds: float  # of the thread that ran it
    wrote: bool
    fault: str


class Confined:
    """The process, seen from the one that started it. Use it in a `with` block."""

    def __init__(self, worlds: Sequence[World], limits: Limits, folder: Path) -> None:
        """Starts it in `folder`."""
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=folder,
            env={**os.environ, "PYTHONFAULTHANDLER": "1"},
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        _send(self._input, ([tuple(world) for world in worlds], limits))
        assert _receive(self._output) == "confined"
        self.descriptors_before = self.descriptors()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._input.close()
        self._output.close()
        self._process.wait()

    def run(self, statements: Iterable[tuple[int, str]]) -> Iterator[tuple[str, Result]]:
        """Runs statements, each in the world of that place. Raises Escape when one ends the process."""
        for world, sql in statements:
            try:
                _send(self._input, (world, sql))
                result = _receive(self._output)
            except (EOFError, OSError):
                ended = self._process.wait()
                why = signal.Signals(-ended).name if ended < 0 else f"exit status {ended}"
                raise Escape(f"{why} at {sql!r}") from None
            yield sql, Result(*result)

    def descriptors(self) -> list[str]:
        """Gives what it has open."""
        folder = f"/proc/{self._process.pid}/fd"
        return sorted(os.readlink(f"{folder}/{number}") for number in os.listdir(folder))

    def peak_bytes(self) -> int:
        """Gives the most memory that it has ever held."""
        with open(f"/proc/{self._process.pid}/status", encoding="ascii") as file:
            (peak,) = (line.split()[1] for line in file if line.startswith("VmHWM:"))
        return int(peak) * 1024


def give_up_system_calls() -> None:
    """Leaves all threads of this process the calls of _CALLS; with any other it ends by SIGSYS."""
    column, architecture = _ARCHITECTURES[platform.machine()]
    numbers = [call[column] for call in _CALLS.values()]
    load, jump, give = 0x20, 0x15, 0x06  # BPF: load a word, jump if equal, return
    program = [
        (load, 0, 0, 4),  # the architecture
        (jump, 1, 0, architecture),
        (give, 0, 0, 0x80000000),  # kill the process
        (load, 0, 0, 0),  # the call's number
        *((jump, len(numbers) - place, 0, number) for place, number in enumerate(numbers)),
        (give, 0, 0, 0x80000000),
        (give, 0, 0, 0x7FFF0000),  # allow
    ]
    code = b"".join(struct.pack("HBBI", *step) for step in program)
    filters = struct.pack(
        "HxxxxxxP", len(program), ctypes.addressof(kept := ctypes.create_string_buffer(code))
    )
    libc = ctypes.CDLL(None, use_errno=True)
    no_new_privileges, set_filter, all_threads = 38, 1, 1
    done = libc.prctl(no_new_privileges, 1, 0, 0, 0) or libc.syscall(
        _SECCOMP[column], set_filter, all_threads, ctypes.create_string_buffer(filters)
    )
    if done != 0:
        raise OSError(ctypes.get_errno(), "the kernel takes no filter for system calls")
    del kept


class _Station:
    """A world's database, and what it may become."""

    def __init__(self, world: World, limits: Limits) -> None:
        self._world = world
        self._limits = limits
        self._open()
        self._kept = _contents(world.image, world.permissions.writable)

    def _open(self) -> None:
        world = self._world
        self._database: Database | None = None
        self._plain = apsw.Connection(":memory:")
        self._plain.execute("SELECT hex(randomblob(4))").fetchall()  # has SQLite read the system's noise
        if world.is_guarded:
            self._database = Database(world.image, world.schema, world.permissions, self._limits)
            self._image = self._database.serialize()

    @property
    def is_guarded(self) -> bool:
        return self._database is not None

    def run(self, sql: str) -> tuple[Any, ...]:
        if self._database is None:
            self._plain.execute(sql).fetchall()
            return ROWS, "", 0.0, 0.0, False, ""
        started, processor = time.monotonic(), time.thread_time()
        fault = ""
        try:
            result: Rows | ActionError | None = self._database.execute(sql)
        except BaseException as error:
            result, fault = None, f"execute raised {error!r}"
        seconds, processor = time.monotonic() - started, time.thread_time() - processor
        outcome, message = _told(result)
        if outcome == ErrorKind.OTHER.name and "could not be run" in message:
            fault = message
        image = self._database.serialize()
        wrote = image != self._image
        if wrote:
            fault = fault or self._judge(image)
            self._database.close()
            self._open()
        return outcome, message[:500], seconds, processor, wrote, fault

    def _judge(self, image: bytes) -> str:
        if self._world.permissions.read_only:
            return "a database that is for reading was written"
        try:
            if _contents(image, self._world.permissions.writable) == self._kept:
                return ""
        except (apsw.Error, UnicodeError) as error:
            return f"a database was left that cannot be read: {error!r}"
        return "a table was written that may not be"


def _told(result: Rows | ActionError | None) -> tuple[str, str]:
    match result:
        case Rows():
            return ROWS, ""
        case ActionError(kind, message):
            return kind.name, message
    return "RAISED", ""


def _contents(image: bytes, but: frozenset[str]) -> dict[str, Any]:
    """Gives the rows of all tables `but` some, and the schema."""
    connection = apsw.Connection(":memory:")
    connection.deserialize("main", image)
    tables = connection.execute("SELECT name, rootpage, sql, type FROM sqlite_schema").fetchall()
    rows = {
        str(name): connection.execute(f'SELECT * FROM "{name}"').fetchall()
        for name, root, _, kind in tables
        if kind == "table" and root and name not in but and name != "sqlite_sequence"
    }
    return {**rows, "": tables, "?": connection.pragma("integrity_check")}


def _send(file: BinaryIO | Any, message: object) -> None:
    body = pickle.dumps(message)
    file.write(_HEAD.pack(len(body)) + body)
    file.flush()


def _receive(file: BinaryIO | Any) -> Any:
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        raise EOFError
    return pickle.loads(file.read(*_HEAD.unpack(head)))


def _serve(worlds: Sequence[tuple[Any, ...]], limits: Limits) -> None:
    stations = [_Station(World(*world), limits) for world in worlds]
    for station in stations:
        for sql in ("SELECT date('now', 'localtime'), trim(1.5, 'é')", "SELECT no_column FROM orders"):
            station.run(sql if station.is_guarded else "SELECT 1")  # whatever is read at first is read now
    give_up_system_calls()
    _send(sys.stdout.buffer, "confined")
    while True:
        world, sql = _receive(sys.stdin.buffer)
        _send(sys.stdout.buffer, stations[world].run(sql))


def main() -> None:
    """Takes worlds and limits from stdin, then statements; answers each on stdout, until stdin ends.

    In the main thread: another's memory is given back by a function of the C library that reads a file.
    """
    set_process_time_zone()
    set_process_heap_limit(_HEAP_BYTES)
    worlds, limits = _receive(sys.stdin.buffer)
    with suppress(EOFError):
        _serve(worlds, limits)


if __name__ == "__main__":
    main()
