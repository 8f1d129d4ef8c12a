"""What the session store asks the journal, from a worker thread."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from ..refusal import Reason, Refusal
from .journal import Journal, JournalUnavailable
from .records import Recorded

T = TypeVar("T")


class JournalMemory:
    """Reads a journal that lives on an event loop. Every method blocks, and must not be called there."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._loop = asyncio.get_running_loop()

    @property
    def is_shared(self) -> bool:
        """Other servers may write the journal as well."""
        return self._journal.shared

    def find(self, session_ids: Sequence[str]) -> dict[str, Recorded]:
        """Gives the newest episode, with its steps, of each session that is known."""
        return self._wait(self._journal.find(session_ids))

    def head(self, session_id: str) -> tuple[int, int, int] | None:
        """Gives the newest episode's id, status and number of steps."""
        return self._wait(self._journal.head(session_id))

    def _wait(self, reading: Coroutine[Any, Any, T]) -> T:
        try:
            return asyncio.run_coroutine_threadsafe(reading, self._loop).result()
        except JournalUnavailable as error:
            raise Refusal(
                Reason.JOURNAL_UNAVAILABLE,
                f"the journal cannot be read, so nothing was done: {error}",
                hint="Send it again a little later.",
                retry_after_seconds=0.5,
            ) from error
