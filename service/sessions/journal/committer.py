"""Group commit: what frames and calls did while one transaction ran goes together into the next."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import Future

from ..played import Unwritten
from ..refusal import Reason, Refusal
from ..session import Session
from .journal import Journal, JournalUnavailable
from .records import Batch

log = logging.getLogger(__name__)


class Committer:
    """Writes what was played, in the order in which it was. `evict` is told of every session that is lost.

    A session is lost when its steps could not be written: another server was faster, or the journal failed.
    From then on nothing of that session object is written, so the journal never has a gap; the caller is
    told to try again, and then the session comes back from the journal.
    """

    def __init__(self, journal: Journal, unwritten: Unwritten, evict: Callable[[Session], None]) -> None:
        self._journal = journal
        self._unwritten = unwritten
        self._evict = evict
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Future[None]] = []
        self._writing: asyncio.Task[None] | None = None
        self._failing = False

    def submit(self) -> Future[None]:
        """Has all written that was played until now; from any thread.

        When the future is done, it is in the journal, but for that of sessions that are `lost` then.
        """
        future: Future[None] = Future()
        self._loop.call_soon_threadsafe(self._take, future)
        return future

    async def drain(self) -> None:
        """Waits until all that came is written."""
        await asyncio.sleep(0)
        while self._writing is not None:
            await self._writing

    def _take(self, future: Future[None]) -> None:
        self._waiting.append(future)
        if self._writing is None:
            self._writing = asyncio.ensure_future(self._write_all())

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                futures, self._waiting = self._waiting, []
                await self._write()
                for future in futures:
                    future.set_result(None)
        finally:
            self._writing = None

    async def _write(self) -> None:
        batch = Batch()
        sessions: dict[int, Session] = {}
        for session, record in self._unwritten.take():
            if session is not None:
                if session.lost is not None:
                    continue
                sessions[record.episode_id] = session
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
            self._lose(sessions.values(), _unavailable(error))
            return
        if self._failing:
            log.info("the journal %s is written again", self._journal)
            self._failing = False
        if moved:
            log.info("another server has gone on with %d sessions of this one", len(moved))
            self._lose((sessions[number] for number in moved if number in sessions), _MOVED)

    def _lose(self, sessions: Iterable[Session], why: Refusal) -> None:
        for session in sessions:
            session.lost = why
            self._evict(session)


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
