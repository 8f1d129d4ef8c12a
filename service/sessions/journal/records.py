"""What goes into the journal and comes back from it, apart from any database."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from ...core.action import Action, Answer, Describe, Query, Sample, Submit, Unparsed

log = logging.getLogger(__name__)

_KINDS: tuple[type[Action], ...] = (Describe, Sample, Query, Answer, Submit, Unparsed)
_NUMBERS = {kind: number for number, kind in enumerate(_KINDS, 1)}
_SIGN = 1 << 63
WHATEVER_CAME = 2**31 - 1  # steps: more than an episode has


class Status(IntEnum):
    """How an episode stands in the journal."""

    LIVE = 1
    CLOSED = 2  # by its caller
    EXPIRED = 3  # it was idle for too long
    REPLACED = 4  # the session was reset


class EpisodeRecord(NamedTuple):
    """An episode, in the order of the table's columns."""

    episode_id: int
    session_id: str
    generation: int
    task_id: str
    profile: str
    signed_seed: int
    budget: int
    owner: str
    policy: str
    bank: str
    opened_at: float
    digest: bytes
    status: int = int(Status.LIVE)
    ended_at: float | None = None

    @property
    def seed(self) -> int:
        """The seed as the caller gave it, 0 to 2**64 - 1."""
        return self.signed_seed % (2 * _SIGN)


class StepRecord(NamedTuple):
    """A step, in the order of the table's columns."""

    episode_id: int
    step_index: int
    kind: int
    text: bytes
    reviewed: bool
    total: float
    reward: bytes
    outcome: int
    digest: bytes
    cut_short: str | None
    played_at: float

    @property
    def action(self) -> Action:
        """The action, whole."""
        return _KINDS[self.kind - 1](self.text.decode("utf-8", "surrogatepass"))


class Ending(NamedTuple):
    """The end of an episode, if it has no more than `known_steps`: one that another server plays goes on."""

    episode_id: int
    status: int
    ended_at: float
    known_steps: int = WHATEVER_CAME

    def parameters(self) -> dict[str, object]:
        """Names them as the journal's UPDATE does."""
        return {
            "id_of_episode": self.episode_id,
            "new_status": self.status,
            "new_ended_at": self.ended_at,
            "known_steps": self.known_steps,
        }


Record = EpisodeRecord | StepRecord | Ending


@dataclass(frozen=True, slots=True)
class Recorded:
    """The newest episode of a session, with its steps in order."""

    episode: EpisodeRecord
    steps: tuple[StepRecord, ...] = ()


@dataclass(slots=True)
class Batch:
    """What is written in one transaction, in the order opened, stepped, ended."""

    opened: list[EpisodeRecord] = field(default_factory=list)
    steps: list[StepRecord] = field(default_factory=list)
    ended: list[Ending] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.opened or self.steps or self.ended)

    def add(self, record: Record) -> None:
        """Appends a record."""
        if isinstance(record, StepRecord):
            self.steps.append(record)
        elif isinstance(record, EpisodeRecord):
            self.opened.append(record)
        else:
            self.ended.append(record)

    def by_episode(self) -> Iterator[tuple[int, Batch]]:
        """Takes it apart into one batch for each episode, in the order in which these come up."""
        parts: dict[int, Batch] = {}
        for name in ("opened", "steps", "ended"):
            for record in getattr(self, name):
                getattr(parts.setdefault(record.episode_id, Batch()), name).append(record)
        yield from parts.items()


def signed(seed: int) -> int:
    """Gives 64 bits as a signed number, which is all that databases have room for."""
    return (seed + _SIGN) % (2 * _SIGN) - _SIGN


def kind_number(action: Action) -> int:
    """Gives the number that the journal has for an action's kind."""
    return _NUMBERS[type(action)]


def action_text(action: Action) -> str:
    """Gives the one text that an action has: a table, SQL, an answer, a reply."""
    (name,) = action.__slots__
    text: str = getattr(action, name)
    return text


def number_process(own: int) -> None:
    """Has this process make other ids than those that come from the same one, by their numbers below 4096."""
    global _process_tag
    _process_tag = (_process_tag + own) % 4096


def new_episode_id() -> int:
    """Gives a positive 63-bit id: microseconds since 1970, each given once, then 12 bits of this process's.

    So ids of one time stand together in the tables' trees, and two servers make equal ones next to never;
    the primary key tells if they do.
    """
    return (_microseconds.next() << 12 | _process_tag) % _SIGN


class _Microseconds:
    """Gives each microsecond once, whatever the clock does."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0
        self._clock = 0

    def next(self) -> int:
        now = time.time_ns() // 1_000
        with self._lock:
            back, self._clock = self._clock - now, now
            self._last = max(self._last + 1, now)
            number = self._last
        if back > 1_000_000:
            log.warning("the clock was set back by %.0f s; episodes go on in order", back / 1_000_000)
        return number


_microseconds = _Microseconds()
_process_tag = secrets.randbits(12)
