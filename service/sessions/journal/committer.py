"""Group commit: what frames and calls did while one transaction ran goes together into the next."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from ..refusal import Reason, Refusal
from .journal import JournalUnavailable
from .records import Batch, Record, Recorded

log = logging.getLogger(__name__)


class Writable(Protocol):
    """What sessions are written into, and read from: Journal, or Unkept. For one event loop.

    `shared` says that other servers may write it as well. All methods raise JournalUnavailable.
    """

    shared: bool

    async def write(self, batch: Batch) -> frozenset[int]:
        """Writes a batch in one transaction; gives the episodes that another server was faster with."""
        ...

    async def find(self, session_ids: Sequence[str]) -> dict[str, Recorded]:
        """Gives the newest episode, with its steps, of each session that is known."""
        ...

    async def head(self, session_id: str) -> tuple[int, int, int] | None:
        """Gives the newest episode's id, status and number of steps."""
        ...


class Committer:
    """Writes what was played, in the order in which it came. For one event loop.

    `lose` is told of the sessions, by number, whose steps could not be written: another server was faster,
    or the journal failed. Until `forget` nothing of theirs is written, so the journal never has a gap; the
    caller is told to try again, and then the session comes back from the journal.
    """

    def __init__(self, journal: Writable, lose: Callable[[list[int], Refusal], None]) -> None:
        self.lost: dict[int, Refusal] = {}
        self._journal = journal
        self._lose = lose
        self._unwritten: list[tuple[int, Record]] = []
        self._next: asyncio.Future[None] | None = None  # done when what is unwritten now has been dealt with
        self._writing: asyncio.Task[None] | None = None
        self._current: asyncio.Future[None] | None = None
        self._failing = False

    def add(self, records: Iterable[tuple[int, Record]]) -> None:
        """Takes what sessions did, each by its number; 0 for one that is not live."""
        self._unwritten += records

    def commit(self) -> asyncio.Future[None]:
        """Has all written that came until now. It may not be cancelled: shield it.

        When the future is done, it is in the journal, but for that of the sessions that are `lost` then.
        """
        if self._next is None:
            if not self._unwritten and self._current is not None:
                return self._current  # the last of it is being written
            self._next = asyncio.get_running_loop().create_future()
            if not self._unwritten:
                self._next.set_result(None)
                done, self._next = self._next, None
                return done
            if self._writing is None:
                self._writing = asyncio.ensure_future(self._write_all())
        return self._next

    def forget(self, numbers: Iterable[int]) -> None:
        """No more comes of these lost sessions."""
        for number in numbers:
            self.lost.pop(number, None)

    async def _write_all(self) -> None:
        try:
            while self._next is not None:
                self._current, self._next = self._next, None
                await self._write()
                self._current.set_result(None)
                self._current = None
        finally:
            self._writing = None

    async def _write(self) -> None:
        batch = Batch()
        sessions: dict[int, int] = {}  # their numbers by episode
        unwritten, self._unwritten = self._unwritten, []
        for number, record in unwritten:
            if number in self.lost:
                continue
            if number:
                sessions[record.episode_id] = number
            batch.add(record)
        if not batch:
            return
        try:
            moved = await self._journal.write(batch)
        except Exception as error:
            if not isinstance(error, JournalUnavailable):
                log.exception("the journal failed")
            elif not self._failing:
                log.error("the journal %s cannot be written: %s", self._journal, error)
            self._failing = True
            self._lose_all(sessions.values(), _unavailable(error))
            return
        if self._failing:
            log.info("the journal %s is written again", self._journal)
            self._failing = False
        if moved:
            log.info("another server has gone on with %d sessions of this one", len(moved))
            self._lose_all((sessions[each] for each in moved if each in sessions), _MOVED)

    def _lose_all(self, numbers: Iterable[int], why: Refusal) -> None:
        lost = list(numbers)
        self.lost.update(dict.fromkeys(lost, why))
        self._lose(lost, why)


_MOVED = Refusal(
    Reason.SESSION_MOVED,
    "another server has gone on with this session in this moment; nothing was done",
    hint="Send the command again.",
    retry_after_seconds=0.02,
)


def _unavailable(error: Exception) -> Refusal:
    return Refusal(
        Reason.JOURNAL_UNAVAILABLE,
        f"the journal cannot be written, so nothing was done: {error}",
        hint="Send it again a little later.",
        retry_after_seconds=0.5,
    )
