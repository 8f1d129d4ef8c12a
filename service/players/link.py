"""What goes between a server and its players: messages of plain values over a socket, each with its length.

`marshal` carries numbers, texts, bytes, tuples, lists and dicts, nothing that runs: a player that a statement
has got hold of can send the server no code. It is a third of pickle's cost.

To a player:
    ("call", serial, lane, method, data, owner, sees_all, places, cuts)   see Call
    ("cut", lane)                   nobody waits for the answers to a stream any more
    ("lost", numbers, refusal)      what these sessions did could not be written
    ("told", request, answer)       what it asked the journal
    ("expire",)
From a player:
    ("hello", pid)
    ("done", serial, answer, touched, seconds, counts, records)   answer: a refusal, or a list of Answers;
                                    counts: see Counts
    ("records", counts, records)    what was played apart from calls
    ("forgot", numbers)             it has forgotten lost sessions: nothing of theirs comes any more
    ("ask", request, question, argument)
"""

from __future__ import annotations

import marshal
import mmap
import os
import threading
from collections.abc import Iterable
from math import inf
from struct import Struct
from time import monotonic
from typing import Any, NamedTuple

from ..sandbox.watch import UNWATCHED, Watch
from ..sessions.journal.records import Ending, EpisodeRecord, Record, Recorded, StepRecord
from ..sessions.refusal import Reason, Refusal

HEAD = Struct("<I")
RECORD_TYPES: tuple[type[Record], ...] = (EpisodeRecord, StepRecord, Ending)
MAX_COMMANDS = 256  # in a frame
STOPPED_SECONDS = 0.02  # after its deadline the alarm has stopped a statement, if it can be

Numbered = tuple[int, Record]  # the session's number, 0 for one that is not live, and what it did
Cuts = dict[int, tuple[int, str]]  # by a command's place: kind and message of its statement's end


class Call(NamedTuple):
    """Work for a player: one request of a method, or commands of a frame.

    Calls of one lane, which is a stream, are carried out in order; those of lane 0 at once. `places` says
    where the commands stood in the whole frame; None: where they stand. `cuts` ends the statements of some
    commands before they are run, since they brought down the player that ran them.
    """

    serial: int
    lane: int
    method: str
    data: bytes
    owner: str
    sees_all: bool
    places: list[int] | None
    cuts: Cuts


class Counts(NamedTuple):
    """What a player process has done until now.

    Of `lookups`, statements on databases that nobody writes to, `hits` were not run, since their results
    were known. `steps` were answered; `refused` are commands of frames, by the reason's number. `sessions`
    are in memory.
    """

    lookups: int
    hits: int
    steps: int
    refused: dict[int, int]
    sessions: int


def pack(*message: Any) -> bytes:
    """Encodes a message."""
    body = marshal.dumps(message)
    return HEAD.pack(len(body)) + body


def unpack(body: bytes | memoryview) -> tuple[Any, ...]:
    """Decodes a message without its length."""
    message: tuple[Any, ...] = marshal.loads(body)  # noqa: S302 - from a process that this one has started, or that started it
    return message


def plain_records(records: Iterable[Numbered]) -> list[tuple[int, int, tuple[Any, ...]]]:
    """Makes records plain values."""
    return [(number, RECORD_TYPES.index(type(record)), tuple(record)) for number, record in records]


def read_records(plain: Iterable[tuple[int, int, tuple[Any, ...]]]) -> list[Numbered]:
    """Reads records from plain values."""
    return [(number, RECORD_TYPES[kind](*values)) for number, kind, values in plain]


def plain_recorded(recorded: Recorded) -> tuple[Any, ...]:
    """Makes an episode of the journal plain values."""
    return tuple(recorded.episode), [tuple(step) for step in recorded.steps]


def read_recorded(plain: tuple[Any, ...]) -> Recorded:
    """Reads an episode of the journal from plain values."""
    episode, steps = plain
    return Recorded(EpisodeRecord(*episode), tuple(StepRecord(*step) for step in steps))


def plain_refusal(refusal: Refusal) -> tuple[Any, ...]:
    """Makes a refusal plain values."""
    return (
        int(refusal.reason),
        refusal.message,
        refusal.field,
        refusal.hint,
        refusal.expected_step_index,
        refusal.retry_after_seconds,
    )


def read_refusal(plain: tuple[Any, ...]) -> Refusal:
    """Reads a refusal from plain values."""
    reason, message, field, hint, expected, retry_after = plain
    return Refusal(
        Reason(reason),
        message,
        field=field,
        hint=hint,
        expected_step_index=expected,
        retry_after_seconds=retry_after,
    )


class Running(NamedTuple):
    """A command under way: of which call, at which place.

    Its statement runs `since` a time and is `due` at another (monotonic); `due` is infinite while none runs.
    `thread` is the system's number for who runs it.
    """

    serial: int
    place: int
    since: float
    due: float
    thread: int


_SLOT_NUMBERS = len(Running._fields)


class Board:
    """What each thread of a player is at, in memory that its server reads, however stuck the player is.

    The numbers of `Running` for each; the serial is 0 when it is idle.
    """

    def __init__(self, descriptor: int, threads: int) -> None:
        self._threads = threads
        self._numbers = memoryview(mmap.mmap(descriptor, threads * _SLOT_NUMBERS * 8)).cast("d")

    @staticmethod
    def make(threads: int) -> int:
        """Makes the memory of a board of so many threads, and gives its descriptor."""
        descriptor = os.memfd_create("sqldojo-board")
        os.ftruncate(descriptor, threads * _SLOT_NUMBERS * 8)
        return descriptor

    def slot(self, number: int) -> Slot:
        """Gives the place of a thread."""
        return Slot(self._of(number))

    def running(self) -> list[Running]:
        """Gives the commands under way."""
        rows = [self._of(number).tolist() for number in range(self._threads)]
        return [
            Running(int(serial), int(place), since, due, int(thread))
            for serial, place, since, due, thread in rows
            if serial
        ]

    def _of(self, number: int) -> memoryview[float]:
        return self._numbers[number * _SLOT_NUMBERS : (number + 1) * _SLOT_NUMBERS]


class Slot:
    """A thread's place on the board."""

    def __init__(self, numbers: memoryview[float]) -> None:
        self._numbers = numbers
        self.rest()

    def take(self) -> None:
        """The calling thread is the one whose place this is."""
        self._numbers[4] = threading.get_native_id()

    def at(self, serial: int, place: int) -> None:
        """A command begins."""
        self._numbers[1] = place
        self._numbers[0] = serial

    def statement(self, deadline: float) -> None:
        """A statement is about to run."""
        self._numbers[2] = monotonic()
        self._numbers[3] = deadline + STOPPED_SECONDS

    def done(self) -> None:
        """It has ended."""
        self._numbers[3] = inf

    def rest(self) -> None:
        """Nothing is under way."""
        self._numbers[0] = 0
        self._numbers[3] = inf


class ThreadWatch(threading.local):
    """A `Watch` that passes on to the slot of the calling thread, once it has one."""

    slot: Watch = UNWATCHED

    def statement(self, deadline: float) -> None:
        """See Watch."""
        self.slot.statement(deadline)

    def done(self) -> None:
        """See Watch."""
        self.slot.done()
