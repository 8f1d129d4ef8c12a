"""In place of a journal: sessions in the server's memory; they outlive a player, but not the server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .records import Batch, Ending, EpisodeRecord, Recorded, StepRecord

KEPT_ENDED: Final = 10_000  # episodes that are told apart from unknown ones


class Unkept:
    """The newest episode of each session, with its steps while it is live. As Journal, for one event loop."""

    shared = False

    def __init__(self) -> None:
        self._episodes: dict[str, EpisodeRecord] = {}
        self._sessions: dict[int, str] = {}  # by episode
        self._steps: dict[int, list[StepRecord]] = {}
        self._ended: dict[str, None] = {}  # the first to end stands first

    def __str__(self) -> str:
        return "none"

    async def write(self, batch: Batch) -> frozenset[int]:
        """Takes a batch."""
        for record in batch.opened:
            before = self._episodes.get(record.session_id)
            if before is not None:
                self._drop(before)
            self._episodes[record.session_id] = record
            self._sessions[record.episode_id] = record.session_id
            self._steps[record.episode_id] = []
        for step in batch.steps:
            if step.episode_id in self._steps:
                self._steps[step.episode_id].append(step)
        for ending in batch.ended:
            self._end(ending)
        return frozenset()

    async def find(self, session_ids: Sequence[str]) -> dict[str, Recorded]:
        """Gives the newest episode, with its steps, of each session that is known."""
        known = (self._episodes[each] for each in session_ids if each in self._episodes)
        return {
            record.session_id: Recorded(record, tuple(self._steps.get(record.episode_id, ())))
            for record in known
        }

    async def head(self, session_id: str) -> tuple[int, int, int] | None:
        """Gives the newest episode's id, status and number of steps."""
        record = self._episodes.get(session_id)
        return record and (record.episode_id, record.status, len(self._steps.get(record.episode_id, ())))

    def _end(self, ending: Ending) -> None:
        session_id = self._sessions.get(ending.episode_id)
        if session_id is None or len(self._steps[ending.episode_id]) > ending.known_steps:
            return
        record = self._episodes[session_id]
        self._drop(record)
        self._episodes[session_id] = record._replace(status=ending.status, ended_at=ending.ended_at)
        self._ended[session_id] = None
        if len(self._ended) > KEPT_ENDED:
            del self._episodes[next(iter(self._ended))]
            del self._ended[next(iter(self._ended))]

    def _drop(self, record: EpisodeRecord) -> None:
        """Drops what an episode has while it is live."""
        self._sessions.pop(record.episode_id, None)
        self._steps.pop(record.episode_id, None)
        self._ended.pop(record.session_id, None)
