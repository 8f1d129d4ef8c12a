"""What one frame or call has done, until the journal has it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .journal.records import Batch, Ending, EpisodeRecord
from .journal.tables import Status

if TYPE_CHECKING:
    from .session import Session


class Played:
    """The records of one frame or call, and the sessions that it touched, by their episode's id.

    Its reply may be sent only when `batch` is in the journal and none of `sessions` was lost: also a step
    that is merely repeated stands on those before it. `owner` is the name of the caller's token, empty
    without one; `sees_all` lets it at the sessions of others. `at` is the time of all its records, in seconds
    since 1970.
    """

    __slots__ = ("at", "batch", "is_journalled", "owner", "sees_all", "sessions")

    def __init__(self, is_journalled: bool, owner: str, *, sees_all: bool) -> None:
        self.is_journalled = is_journalled
        self.owner = owner
        self.sees_all = sees_all
        self.at = time.time()
        self.batch = Batch()
        self.sessions: dict[int, Session] = {}

    def may_use(self, record: EpisodeRecord) -> bool:
        """Says whether a session is the caller's."""
        return self.sees_all or record.owner == self.owner

    def touch(self, session: Session) -> None:
        """Has the reply wait until all that was played in a session before is in the journal."""
        self.sessions[session.record.episode_id] = session

    def lost(self) -> frozenset[int]:
        """Gives the episodes whose steps could not be written."""
        return frozenset(number for number, session in self.sessions.items() if session.lost is not None)

    def open(self, session: Session) -> None:
        """Records an episode's beginning."""
        self.touch(session)
        if self.is_journalled:
            self.batch.opened.append(session.record)

    def end(self, record: EpisodeRecord, status: Status) -> None:
        """Records an episode's end."""
        if self.is_journalled:
            self.batch.ended.append(Ending(record.episode_id, status, self.at))
