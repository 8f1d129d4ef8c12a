"""A reviewer of one's own beside the deterministic one: learned, or a language model behind an API."""

from __future__ import annotations

import importlib
import logging
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

from ..core.review import Review, Reviewer
from ..core.schema import Permissions, Schema

KEPT_VERDICTS = 10_000
WORKERS = 8  # reviews under way at once
UNANSWERED = 10  # in a row, after which the reviewer is left alone for a while
PAUSE = 100  # reviews that it is then left alone for

log = logging.getLogger(__name__)

_Key = tuple[str, int, Permissions]


class ReviewerError(Exception):
    """A reviewer that cannot be loaded: which one, and why."""


def load_reviewer(path: str) -> Reviewer:
    """Makes the reviewer that `module:attribute` names: calls the attribute without arguments.

    Raises ReviewerError.
    """
    module, colon, attribute = path.partition(":")
    if not colon or not module or not attribute:
        raise ReviewerError(f"{path!r} names no reviewer; write it as module:attribute")
    try:
        factory: Callable[[], object] = getattr(importlib.import_module(module), attribute)
        reviewer = factory()
    except Exception as error:
        raise ReviewerError(f"the reviewer {path} cannot be made: {type(error).__name__}: {error}") from error
    if not isinstance(reviewer, Reviewer):
        raise ReviewerError(f"{path} gives {type(reviewer).__name__}, which has no method review")
    return reviewer


class PluggedReviewer:
    """Adds another reviewer's findings to those of the deterministic one; the gravest decides.

    The other one gets `seconds` for a statement. Where it takes longer or raises, the deterministic review
    stands alone, and the log says so; when that happens again and again, it is left alone for a while. What
    it said is kept, so that within a run equal statements get equal reviews. For any thread.
    """

    def __init__(self, own: Reviewer, other: Reviewer, seconds: float) -> None:
        self._own = own
        self._other = other
        self._seconds = seconds
        self._executor = ThreadPoolExecutor(WORKERS, thread_name_prefix="sqldojo-review")
        self._kept: OrderedDict[_Key, Review] = OrderedDict()
        self._lock = Lock()
        self._unanswered = 0
        self._paused = 0

    def review(self, sql: str, schema: Schema, permissions: Permissions) -> Review:
        """Gives the findings of both, and the deterministic one's schema share."""
        key = (sql, id(schema), permissions)
        with self._lock:
            kept = self._kept.get(key)
        if kept is None:
            own = self._own.review(sql, schema, permissions)
            kept = self._with_other(own, sql, schema, permissions)
            with self._lock:
                kept = self._kept.setdefault(key, kept)
                if len(self._kept) > KEPT_VERDICTS:
                    self._kept.popitem(last=False)
        return kept

    def _with_other(self, own: Review, sql: str, schema: Schema, permissions: Permissions) -> Review:
        with self._lock:
            if self._paused:
                self._paused -= 1
                return own
        asked: Future[Review] = self._executor.submit(self._other.review, sql, schema, permissions)
        try:
            said = asked.result(self._seconds)
            found = tuple(dict.fromkeys((*own.findings, *said.findings)))
            review = Review(
                tuple(sorted(found, key=lambda each: (-each.severity, each.kind))), own.schema_share
            )
        except Exception as error:
            asked.cancel()
            self._failed(error)
            return own
        with self._lock:
            self._unanswered = 0
        return review

    def _failed(self, error: Exception) -> None:
        log.warning("the plugged-in reviewer gave no review (%s: %s)", type(error).__name__, error)
        with self._lock:
            self._unanswered += 1
            if self._unanswered >= UNANSWERED:
                log.error(
                    "the plugged-in reviewer is left alone for %d reviews: it gave none %d times in a row",
                    PAUSE,
                    self._unanswered,
                )
                self._unanswered, self._paused = 0, PAUSE
