"""Group commit: what frames and calls did while one transaction ran goes together into the next."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future

from ..played import Played
from ..refusal import Reason, Refusal
from ..session import Session
from .journal import Journal, JournalUnavailable
from .records import Batch

log = logging.getLogger(__name__)


class Committer:
    """Writes what was played, in the order in which it comes. `evict` is told of every session that is lost.

    A session is lost when its steps could not be written: another server was faster, or the journal failed.
    From then on nothing of that session object is written, so the journal never has a gap; the caller is
    told to try again, and then the session comes back from the journal.
    """

    def __init__(self, journal: Journal, evict: Callable[[Session], None]) -> None:
        self._journal = journal
        self._evict = evict
        self._loop = asyncio.get_running_loop()
        self._waiting: list[tuple[Played, Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._failing = False

    def submit(self, played: Played) -> Future[None]:
        """Has it written, from any thread. When the future is done, `lost` of its sessions is final."""
        future: Future[None] = Future()
        self._loop.call_soon_threadsafe(self._take, played, future)
        return future

    async def drain(self) -> None:
        """Waits until all that came is written."""
        await asyncio.sleep(0)
        while self._writing is not None:
            await self._writing

    def _take(self, played: Played, future: Future[None]) -> None:
        self._waiting.append((played, future))
        if self._writing is None:
            self._writing = asyncio.ensure_future(self._write_all())

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting, []
                await self._write([played for played, _ in group])
                for _, future in group:
                    future.set_result(None)
        finally:
            self._writing = None

    async def _write(self, group: list[Played]) -> None:
        batch = Batch()
        for played in group:
            batch.add(played.batch, without=played.lost())
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
            self._lose(group, batch.episodes(), _unavailable(error))
            return
        if self._failing:
            log.info("the journal %s is written again", self._journal)
            self._failing = False
        if moved:
            self._lose(group, moved, _MOVED)

    def _lose(self, group: list[Played], episodes: frozenset[int] | set[int], why: Refusal) -> None:
        for played in group:
            for episode_id in episodes & played.sessions.keys():
                session = played.sessions[episode_id]
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
