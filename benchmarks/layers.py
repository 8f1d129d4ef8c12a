"""A server that says what its layers take: `python -m benchmarks.layers FILE serve …`, as `sqldojo serve …`.

It is the real server with its real players; the functions at the borders of its layers are wrapped and add
up, in FILE, which all processes have in memory, how much of the processor's time they take beyond the
functions that they call in turn. A wrapper takes time as well: what it takes is measured at the start, and
`read` takes it off.
"""

from __future__ import annotations

import mmap
import os
import sys
import threading
import time
from asyncio import Handle, Task
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from sqldojo.cli import main as run_command_line
from sqldojo.service.core.episode import Episode
from sqldojo.service.core.progress import ProgressMeter
from sqldojo.service.core.sqlenv_profile import SqlenvProfile
from sqldojo.service.players import fleet, link, nursery, player, wire
from sqldojo.service.players.environment import Environment, Frame
from sqldojo.service.sandbox.pool import Remembering
from sqldojo.service.sessions import session
from sqldojo.service.sessions.journal.committer import Committer
from sqldojo.service.sessions.journal.journal import Journal

LINK, DECODE, DISPATCH, EPISODE, SANDBOX = "server to player", "decode", "dispatch", "episode", "sandbox"
GRADE, REWARD, ENCODE, JOURNAL, RESET = "grade", "reward", "encode", "journal", "resets, one in 16"

_SERVER: tuple[tuple[str, Any, str], ...] = (
    (LINK, fleet.Fleet, "frame"),
    (LINK, fleet._Reader, "data_received"),
    (ENCODE, fleet.Fleet, "_encode"),
    (JOURNAL, link, "read_records"),
    (JOURNAL, Committer, "add"),
    (JOURNAL, Committer, "commit"),
)
_PLAYER: tuple[tuple[str, Any, str], ...] = (
    (LINK, player.Player, "send"),
    (LINK, player.Player, "_send_with_records"),
    (JOURNAL, link, "plain_records"),
    (JOURNAL, session, "digest"),
    (DECODE, Frame, "read"),
    (DECODE, wire, "read_action"),
    (DISPATCH, player._Reading, "go_on"),  # with the next, all that a player does for a frame
    (DISPATCH, player._Job, "go_on"),
    (EPISODE, Episode, "step"),
    (SANDBOX, Remembering, "execute"),
    (GRADE, ProgressMeter, "measure"),
    (REWARD, SqlenvProfile, "reward"),
    (ENCODE, Frame, "answers"),
    (RESET, Environment, "look_ahead"),
    (RESET, Environment, "_reset"),
)
_COMMIT = "Committer._write_all"  # the task that writes the journal
_FILE = "SQLDOJO_BENCHMARK_LAYERS"  # tells the players' process of the file

# A process's part of the file: what a wrapper takes within and outside what it measures, the thread that
# writes the journal, then for each function its own seconds, its calls, and the calls of others in it.
_WITHIN, _OUTSIDE, _THREAD, _HEAD = range(4)
_FUNCTIONS = 32
_SIZE = _HEAD + 3 * _FUNCTIONS


class Times(NamedTuple):
    """What the layers of the server's own process, and of its player's, have taken until now."""

    server: tuple[float, ...]
    player: tuple[float, ...]

    @property
    def journal_thread(self) -> int:
        """The id of the thread that writes the journal."""
        return int(self.server[_THREAD])

    def since(self, before: Times) -> tuple[dict[str, float], dict[str, float]]:
        """Gives the seconds of each layer since a time before, in either process.

        Beside the layers, under "", all that the wrappers took.
        """
        return (
            _seconds(_layers(_SERVER), self.server, before.server),
            _seconds(_layers(_PLAYER), self.player, before.player),
        )


def create(path: Path) -> None:
    """Makes the file."""
    path.write_bytes(bytes(2 * _SIZE * 8))


def read(path: Path) -> Times:
    """Reads the file."""
    numbers = memoryview(path.read_bytes()).cast("d").tolist()
    return Times(tuple(numbers[:_SIZE]), tuple(numbers[_SIZE:]))


def _layers(functions: tuple[tuple[str, Any, str], ...]) -> list[str]:
    """Gives the layer of each function, and of the one that has no such place at the end."""
    return [*(layer for layer, _, _ in functions), ENCODE if functions is _PLAYER else JOURNAL]


def _seconds(layers: list[str], now: tuple[float, ...], before: tuple[float, ...]) -> dict[str, float]:
    within, outside = now[_WITHIN], now[_OUTSIDE]
    found: dict[str, float] = {"": 0.0}
    for number, layer in enumerate(layers):
        place = _HEAD + 3 * number
        own, calls, inner = (now[at] - before[at] for at in range(place, place + 3))
        found[layer] = found.get(layer, 0.0) + own - calls * within - inner * outside
        found[""] += calls * (within + outside)
    return found


class _Clock:
    """Wraps functions, whose times it adds up in one part of the file."""

    def __init__(self, numbers: memoryview[float]) -> None:
        self._numbers = numbers
        self._calls = threading.local()  # of each, the seconds and the number of the calls in it
        self._calibrate()

    def wrap_all(self, functions: tuple[tuple[str, Any, str], ...]) -> None:
        """Wraps the functions in their places."""
        for number, (_, owner, name) in enumerate(functions):
            setattr(owner, name, self.timed(number, getattr(owner, name)))

    def timed(self, number: int, function: Callable[..., Any]) -> Callable[..., Any]:
        """Wraps one, to be counted as the `number`-th."""
        calls, numbers, place = self._calls, self._numbers, _HEAD + 3 * number
        clock = time.thread_time

        def run(*args: Any, **kwargs: Any) -> Any:
            try:
                above = calls.current
            except AttributeError:
                above = [0.0, 0]
            calls.current = inner = [0.0, 0]
            began = clock()
            try:
                return function(*args, **kwargs)
            finally:
                took = clock() - began
                calls.current = above
                above[0] += took
                above[1] += 1
                numbers[place] += took - inner[0]
                numbers[place + 1] += 1
                numbers[place + 2] += inner[1]

        return run

    def _calibrate(self, rounds: int = 20, calls: int = 500) -> None:
        """Measures what a wrapper takes."""
        last = _FUNCTIONS - 1
        place = _HEAD + 3 * last

        def nothing(_: object) -> None:
            pass

        wrapped = self.timed(last, nothing)
        withins, wholes = [], []
        for _ in range(rounds):
            self._numbers[place] = 0.0
            whole = _time(wrapped, calls) - _time(nothing, calls)
            withins.append(self._numbers[place] / calls)
            wholes.append(whole / calls)
        self._numbers[_WITHIN] = median(withins)
        self._numbers[_OUTSIDE] = median(wholes) - median(withins)


def _time(function: Callable[[None], object], calls: int) -> float:
    began = time.thread_time()
    for _ in range(calls):
        function(None)
    return time.thread_time() - began


def _open(path: str, part: int) -> memoryview[float]:
    with open(path, "r+b") as file:
        return memoryview(mmap.mmap(file.fileno(), 0)).cast("d")[part * _SIZE : (part + 1) * _SIZE]


def _serve(path: str) -> None:
    """Runs the command line with the server's layers wrapped."""
    os.environ[_FILE] = path
    nursery.__name__ = "benchmarks.layers"  # the module that the players' process is run from
    numbers = _open(path, 0)
    clock = _Clock(numbers)
    clock.wrap_all(_SERVER)
    plain = Handle._run
    journal = clock.timed(len(_SERVER), plain)

    def run(handle: Any) -> None:
        task = getattr(handle._callback, "__self__", None)
        is_journal = isinstance(task, Task) and getattr(task.get_coro(), "__qualname__", "") == _COMMIT
        (journal if is_journal else plain)(handle)

    work = Journal._write

    def write(*args: Any) -> Any:
        numbers[_THREAD] = threading.get_native_id()
        return work(*args)

    for owner, name, function in ((Handle, "_run", run), (Journal, "_write", write)):
        setattr(owner, name, function)
    run_command_line()


def _play(path: str) -> None:
    """Runs the process that players are forked from with the players' layers wrapped."""
    clock = _Clock(_open(path, 1))
    clock.wrap_all(_PLAYER)
    wire.ENCODING = wire.ENCODING._replace(step=clock.timed(len(_PLAYER), wire.ENCODING.step))
    nursery.main()


if __name__ == "__main__":
    if _FILE in os.environ:
        _play(os.environ[_FILE])
    else:
        _serve(sys.argv.pop(1))
