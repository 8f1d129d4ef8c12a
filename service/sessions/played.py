"""What frames and calls have done, until the journal has it."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from .journal.records import WHATEVER_CAME, Ending, EpisodeRecord, Record, Status
from .refusal import Refusal

if TYPE_CHECKING:
    from .session import Session


class Unwritten:
    """All that was played and is not in the journal yet, in the order in which it was played. For any thread.

    It is one for all frames and calls, since a step may stand on one that another frame, still under way,
    has played: when the later one is to be written, so is the earlier.
    """

    def __init__(self) -> None:
        self._records: deque[tuple[Session | None, Record]] = deque()

    def append(self, session: Session | None, record: Record) -> None:
        """Adds a record; it is dropped if its session is lost before it is taken."""
        self._records.append((session, record))

    def take(self) -> list[tuple[int, Record]]:
        """Takes all that is there, for the one who writes it: a session's number, 0 for none, and the record.

        Two threads that take at once get parts whose order nobody knows: let one wait for the other.
        """
        taken = [self._records.popleft() for _ in range(len(self._records))]
        return [
            (0 if session is None else session.number, record)
            for session, record in taken
            if session is None or session.lost is None
        ]


class Left(NamedTuple):
    """A session left in the journal: its last episode, and why; None where it is another caller's."""

    record: EpisodeRecord
    why: Refusal | None


class Played:
    """What one frame or call does. Its reply may be sent when all that was played until then is written.

    That holds for a step that is merely repeated as well: another frame may have played it a moment ago.
    `owner` is the name of the caller's token, empty without one; `sees_all` lets it at the sessions of
    others. `at` is the time of all its records, in seconds since 1970. `touched` says that it has to do with
    a session at all; `absent` are ids that the journal was asked for and does not know, as far as this
    caller is to hear; `left` are sessions that it knows, by id, and that were not brought back.
    """

    __slots__ = ("absent", "at", "left", "owner", "sees_all", "touched", "unwritten")

    def __init__(self, unwritten: Unwritten, owner: str, *, sees_all: bool) -> None:
        self.unwritten = unwritten
        self.owner = owner
        self.sees_all = sees_all
        self.at = time.time()
        self.touched = False
        self.absent: set[str] = set()
        self.left: dict[str, Left] = {}

    def may_use(self, record: EpisodeRecord) -> bool:
        """Says whether a session is the caller's."""
        return self.sees_all or record.owner == self.owner

    def open(self, session: Session) -> None:
        """Records an episode's beginning."""
        self._add(session, session.record)

    def end(
        self,
        record: EpisodeRecord,
        status: Status,
        session: Session | None = None,
        *,
        known_steps: int = WHATEVER_CAME,
    ) -> None:
        """Records an episode's end; with `known_steps`, unless another server has played more than these."""
        self._add(session, Ending(record.episode_id, int(status), self.at, known_steps))

    def _add(self, session: Session | None, record: Record) -> None:
        self.touched = True
        self.unwritten.append(session, record)
