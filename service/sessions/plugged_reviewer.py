"""A reviewer of one's own beside the deterministic one: learned, or a language model behind an API."""

from __future__ import annotations

import importlib
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Lock, Thread

from ..core.review import Finding, FindingKind, Review, Reviewer, Severity, Verdict
from ..core.schema import Permissions, Schema
from ..core.sql_parsing import MAX_QUOTED

KEPT_VERDICTS = 10_000
MAX_ASKED = 8  # reviews under way at once, those that came too late included
MAX_MESSAGE = 500  # characters of a finding
UNANSWERED = 10  # in a row, after which the reviewer is left alone for a while
PAUSE = 100  # reviews that it is then left alone for

log = logging.getLogger(__name__)

_Key = tuple[str, Schema, Permissions]


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

    The other one is asked about what the deterministic one does not reject, and gets `seconds` for a
    statement. Where it takes longer, raises or gives no review, the deterministic review stands alone,
    and the log says so; when that happens again and again, it is left alone for a while. What came of it is
    kept, so that equal statements get equal reviews. For any thread; one that waits for the other's review
    does so within `away`.
    """

    def __init__(
        self,
        own: Reviewer,
        other: Reviewer,
        seconds: float,
        away: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._own = own
        self._other = other
        self._seconds = seconds
        self._away = away
        self._free = BoundedSemaphore(MAX_ASKED)
        self._kept: OrderedDict[_Key, Review] = OrderedDict()
        self._lock = Lock()
        self._unanswered = 0
        self._paused = 0

    def review(self, sql: str, schema: Schema, permissions: Permissions) -> Review:
        """Gives the findings of both, and the deterministic one's schema share."""
        key = (sql, schema, permissions)
        with self._lock:
            kept = self._kept.get(key)
        if kept is None:
            own = self._own.review(sql, schema, permissions)
            if own.verdict is not Verdict.REJECTED:  # else there is nothing left to decide
                own = self._with_other(own, sql, schema, permissions)
            with self._lock:
                kept = self._kept.setdefault(key, own)
                if len(self._kept) > KEPT_VERDICTS:
                    self._kept.popitem(last=False)
        return kept

    def _with_other(self, own: Review, sql: str, schema: Schema, permissions: Permissions) -> Review:
        with self._lock:
            if self._paused:
                self._paused -= 1
                return own
        try:
            with self._away():
                review = self._ask(sql, schema, permissions)
            said = [_checked(finding) for finding in review.findings]
        except Exception as error:
            self._failed(error)
            return own
        with self._lock:
            self._unanswered = 0
        found = dict.fromkeys((*own.findings, *said))
        return Review(tuple(sorted(found, key=lambda each: (-each.severity, each.kind))), own.schema_share)

    def _ask(self, sql: str, schema: Schema, permissions: Permissions) -> Review:
        """Asks the other reviewer, on a thread that the process does not wait for when it ends.

        Raises what the reviewer raises, and TimeoutError.
        """
        until = time.monotonic() + self._seconds
        if not self._free.acquire(timeout=self._seconds):
            raise TimeoutError(
                f"{MAX_ASKED} reviews are under way, and none ended within {self._seconds:g} s"
            )
        answers: SimpleQueue[Review | BaseException] = SimpleQueue()

        def ask() -> None:
            try:
                answers.put(self._other.review(sql, schema, permissions))
            except BaseException as error:
                answers.put(error)
            finally:
                self._free.release()

        Thread(target=ask, name="sqldojo-review", daemon=True).start()
        try:
            answer = answers.get(timeout=max(until - time.monotonic(), 0.0))
        except Empty:
            raise TimeoutError(f"no review within {self._seconds:g} s") from None
        if isinstance(answer, BaseException):
            raise RuntimeError(f"{type(answer).__name__}: {answer}") from answer
        return answer

    def _failed(self, error: Exception) -> None:
        log.warning("the plugged-in reviewer gave no review that can be used: %s", error)
        with self._lock:
            self._unanswered += 1
            if self._unanswered >= UNANSWERED:
                log.error(
                    "the plugged-in reviewer is left alone for %d reviews: it gave none %d times in a row",
                    PAUSE,
                    self._unanswered,
                )
                self._unanswered, self._paused = 0, PAUSE


def _checked(finding: Finding) -> Finding:
    """Gives a finding of which each part is of its type and can be sent. Raises what a wrong part raises."""
    return Finding(
        FindingKind(finding.kind),
        Severity(finding.severity),
        _sendable(finding.where, MAX_QUOTED),
        _sendable(finding.message, MAX_MESSAGE),
    )


def _sendable(text: str, longest: int) -> str:
    return text[:longest].encode("utf-8", "replace").decode("utf-8")
