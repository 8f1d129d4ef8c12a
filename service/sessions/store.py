"""The live sessions of one server: opening, playing, closing, expiring, and bringing back."""

from __future__ import annotations

import logging
import re
import secrets
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from ..core.action import Action
from .episodes import Episodes
from .journal.records import EpisodeRecord, Recorded, Status, new_episode_id, signed
from .played import Left, Played, Unwritten
from .refusal import Reason, Refusal
from .session import ReplayMismatch, Session, digest

CLOCK_TOLERANCE = 5.0  # seconds that two servers' clocks may be apart before a line in the log
REMEMBERED = 10_000  # ended sessions that are told apart from unknown ones without asking the journal

SESSION_ID = re.compile("[A-Za-z0-9_.:-]+")  # ResetRequest's rule; the journal is not asked about others

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Opening:
    """What a caller asks for when opening a session; empty and 0 mean the default."""

    task_id: str
    session_id: str = ""
    profile: str = ""
    seed: int = 0
    budget: int = 0
    policy: str = ""


class Memory(Protocol):
    """Reads the journal. Blocking, for worker threads; raises Refusal when that fails."""

    @property
    def is_shared(self) -> bool:
        """Other servers may write the journal as well, so what is known here may be old."""
        ...

    def find(self, session_ids: Sequence[str]) -> dict[str, Recorded]:
        """Gives the newest episode, with its steps, of each session that is known."""
        ...

    def head(self, session_id: str) -> tuple[int, int, int] | None:
        """Gives the newest episode's id, status and number of steps."""
        ...


class _Past(NamedTuple):
    """What is left of a session that ended: its last episode, its number if it lived here, what to say."""

    record: EpisodeRecord
    status: Status
    number: int = 0
    why: str = ""  # it could not be brought back


class SessionStore:
    """All live sessions. Every method may be called from any thread; what cannot be done raises Refusal.

    An owner may have `owner_sessions` of them. What is played goes into `unwritten` until the journal has it.
    `make_id` makes the id of a session whose caller gives none.
    """

    def __init__(
        self,
        episodes: Episodes,
        memory: Memory,
        *,
        max_sessions: int,
        owner_sessions: int,
        idle_seconds: float,
        make_id: Callable[[], str] = lambda: secrets.token_urlsafe(16),
    ) -> None:
        self.unwritten = Unwritten()
        self._episodes = episodes
        self._memory = memory
        self._max_sessions = max_sessions
        self._owner_sessions = owner_sessions
        self._idle_seconds = idle_seconds
        self._make_id = make_id
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}
        self._counts: Counter[str] = Counter()  # of sessions, by owner
        self._past: OrderedDict[str, _Past] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sessions)

    def begin(self, owner: str, *, sees_all: bool = False) -> Played:
        """Begins the record of one frame or call of an owner."""
        return Played(self.unwritten, owner, sees_all=sees_all)

    def recall(self, session_ids: Sequence[str], played: Played) -> None:
        """Brings sessions back that are not here but in the journal. Call it before those ids are used.

        One that cannot be brought back is remembered as such. Those of other callers, and those for which
        there is no room, are left there.
        """
        if all(map(self._sessions.__contains__, session_ids)):
            return
        known: Callable[[str], bool] = self._sessions.__contains__
        if not self._memory.is_shared:
            known = lambda each: each in self._sessions or each in self._past  # noqa: E731
        absent = played.absent
        missing = [
            each for each in dict.fromkeys(session_ids) if each and each not in absent and not known(each)
        ]
        absent.update(each for each in missing if not SESSION_ID.fullmatch(each))
        missing = [each for each in missing if each not in absent]
        if missing:
            found = self._memory.find(missing)
            absent.update(each for each in missing if each not in found)
            back = [recorded for recorded in found.values() if self._bring_back(recorded, played)]
            if back:
                log.info("%d sessions brought back from the journal", len(back))
            ahead = max((_last_sign(recorded) for recorded in found.values()), default=0.0) - played.at
            if ahead > CLOCK_TOLERANCE:
                log.warning("sessions were played in the future: %.0f s; was the clock set back?", ahead)

    def open(self, opening: Opening, played: Played) -> tuple[Session, bytes]:
        """Opens a session, or begins anew in the one of that id; gives it with its encoded first answer."""
        episode = self._episodes.make(opening.task_id, opening.profile)
        session_id = opening.session_id or self._make_id()
        session = Session(session_id, episode, opening.budget)
        answer = self._episodes.encoding.first(session)
        with session.lock:  # what is done with it is recorded after its opening
            last = self._put(session, opening, digest(answer), played)
            if last is not None:
                played.end(last, Status.REPLACED)
            played.open(session)
        return session, answer

    def play(
        self,
        session_id: str,
        step_index: int,
        action: Action,
        reviewed: bool,
        played: Played,
        cut_short: str = "",
    ) -> tuple[Session, bytes]:
        """Plays one step of a session; gives the session with the encoded answer. See Session.play."""
        while True:
            session = self.find(session_id, played)
            if step_index != len(session.answered) + 1:
                session = self.find_current(session_id, played)
            with session.lock:
                if session.ended:
                    continue  # it began anew or was closed in the meantime: the store knows
                session.last_used = time.monotonic()
                try:
                    answer = session.play(
                        step_index, action, reviewed, self._episodes.encoding, played, cut_short
                    )
                except Refusal:
                    raise
                except Exception:
                    self.evict(session)  # nobody knows how far it came; the journal does
                    raise
                return session, answer

    def find(self, session_id: str, played: Played) -> Session:
        """Gives a live session of the caller's."""
        session = self._sessions.get(session_id)
        past = self._past.get(session_id)
        if session is None and past is None and session_id not in played.absent:
            self.recall((session_id,), played)  # it was lost after this frame or call had begun
            session = self._sessions.get(session_id)
            past = self._past.get(session_id)
        if session is not None and played.may_use(session.record):
            played.touched = True
            return session
        if session is None and past is not None and played.may_use(past.record):
            raise _ended(past, self._idle_seconds)
        left = played.left.get(session_id)
        if session is None and left is not None and left.why is not None:
            raise left.why
        raise Refusal(
            Reason.UNKNOWN_SESSION,
            f"no session {session_id!r}",
            field="session_id",
            hint="Reset opens a session.",
        )

    def find_current(self, session_id: str, played: Played) -> Session:
        """As `find`, but never a state that another server has gone beyond."""
        session = self.find(session_id, played)
        if self._is_behind(session):
            self.evict(session)
            self.recall((session_id,), played)
            session = self.find(session_id, played)
        return session

    def close(self, session_id: str, played: Played) -> Session | None:
        """Closes a session and gives it; None when it is closed already. An unknown one raises Refusal."""
        try:
            session = self.find(session_id, played)
        except Refusal as refusal:
            if refusal.reason is Reason.SESSION_CLOSED:
                return None
            left = played.left.get(session_id)
            if left is None or left.why is not refusal:
                raise
            with self._lock:  # it need not live here to end
                self._remember(_Past(left.record, Status.CLOSED))
            played.end(left.record, Status.CLOSED)
            return None
        with self._lock:
            if self._sessions.get(session_id) is not session:
                return None  # it was closed or reset in this moment
            self._retire(session, Status.CLOSED)
        _free(session)
        played.end(session.record, Status.CLOSED, session)
        return session

    def expire(self, played: Played) -> int:
        """Ends the sessions that were idle for too long; gives how many."""
        with self._lock:
            return self._expire(played)

    def lose(self, numbers: Collection[int], why: Refusal) -> None:
        """Evicts the sessions of these numbers; `why` is the answer to whoever waits for one of theirs.

        Of those that have ended meanwhile, the end was not written either: the journal is asked again.
        """
        with self._lock:
            lost = [session for session in self._sessions.values() if session.number in numbers]
            for session_id in [each for each, past in self._past.items() if past.number in numbers]:
                del self._past[session_id]
        for session in lost:
            session.lost = why
            self.evict(session)

    def evict(self, session: Session) -> None:
        """Forgets a session whose last steps are not in the journal: what the journal has is what counts.

        Does not wait for a step that is being played: its answer will not be sent.
        """
        with self._lock:
            session.ended = True
            if self._sessions.get(session.session_id) is session:
                self._remove(session)
            self._past.pop(session.session_id, None)

    def _put(
        self, session: Session, opening: Opening, answer_digest: bytes, played: Played
    ) -> EpisodeRecord | None:
        """Puts a session in the place of the one of its id, if any, and gives what that one's episode was."""
        with self._lock:
            before = self._sessions.get(session.session_id)
            past = self._past.get(session.session_id)
            left = played.left.get(session.session_id)
            known = before or past or left
            last = known.record if known is not None else None
            if last is not None and not played.may_use(last):
                raise Refusal(
                    Reason.SESSION_TAKEN,
                    f"session {session.session_id!r} belongs to another caller",
                    field="session_id",
                    hint="Choose another id, or leave it empty to be given one.",
                )
            owner = played.owner if last is None else last.owner
            if before is None:
                self._make_room(owner, played)
            else:
                self._remove(before)
            session.record = EpisodeRecord(
                new_episode_id(),
                session.session_id,
                last.generation + 1 if last else 1,
                opening.task_id,
                session.episode.profile.name,
                signed(opening.seed),
                session.state.budget,
                owner,
                opening.policy,
                self._episodes.bank_digest,
                played.at,
                answer_digest,
            )
            self._insert(session)
        if before is not None:
            _free(before)
        return last

    # ---- coming and going; with the lock held ----

    def _make_room(self, owner: str, played: Played) -> None:
        """Raises Refusal when there can be no more sessions, or no more of the owner's."""
        if self._has_room(owner) or (self._expire(played) and self._has_room(owner)):
            return
        if len(self._sessions) >= self._max_sessions:
            raise self._full(f"all {self._max_sessions} sessions of this server are in use", "--max-sessions")
        what = f"all {self._owner_sessions} sessions that this caller may have are in use"
        raise self._full(what, "--caller-sessions")

    def _has_room(self, owner: str) -> bool:
        return len(self._sessions) < self._max_sessions and self._counts[owner] < self._owner_sessions

    def _insert(self, session: Session) -> None:
        self._sessions[session.session_id] = session
        self._counts[session.record.owner] += 1
        self._past.pop(session.session_id, None)

    def _remove(self, session: Session) -> None:
        del self._sessions[session.session_id]
        owner = session.record.owner
        self._counts[owner] -= 1
        if not self._counts[owner]:
            del self._counts[owner]

    def _expire(self, played: Played) -> int:
        oldest = time.monotonic() - self._idle_seconds
        expired = 0
        for session in [each for each in self._sessions.values() if each.last_used < oldest]:
            if not session.lock.acquire(blocking=False):
                continue  # it is being played
            try:
                if session.ended or session.last_used >= oldest:
                    continue
                session.ended = True
                session.episode.close()
                known = len(session.answered)
            finally:
                session.lock.release()
            self._retire(session, Status.EXPIRED)
            played.end(session.record, Status.EXPIRED, session, known_steps=known)
            expired += 1
        return expired

    def _retire(self, session: Session, status: Status) -> None:
        self._remove(session)
        self._remember(_Past(session.record, status, session.number))

    def _remember(self, past: _Past) -> None:
        self._past[past.record.session_id] = past
        if len(self._past) > REMEMBERED:
            self._past.popitem(last=False)

    # ---- bringing back ----

    def _bring_back(self, recorded: Recorded, played: Played) -> bool:
        """Has a session live again, or remembers why it does not; says which.

        What was done with it here since the journal was asked counts: `recorded` is older.
        """
        record = recorded.episode
        played.left.pop(record.session_id, None)
        if not played.may_use(record):
            played.absent.add(record.session_id)
            played.left[record.session_id] = Left(record, None)
            return False
        status = Status(record.status)
        if status is Status.LIVE and played.at - _last_sign(recorded) > self._idle_seconds:
            status = Status.EXPIRED
            played.end(record, status, known_steps=len(recorded.steps))
        past = _Past(record, status)
        if status is Status.LIVE:
            try:
                session = self._episodes.replay(recorded)
            except Refusal as refusal:
                past = _Past(record, status, why=refusal.message)
            except ReplayMismatch as mismatch:
                log.error("session %s cannot be brought back: %s", record.session_id, mismatch)
                past = _Past(record, status, why=str(mismatch))
            else:
                return self._put_back(session, record, played)
        with self._lock:
            if not self._knows(record):
                self._remember(past)
        return False

    def _put_back(self, session: Session, record: EpisodeRecord, played: Played) -> bool:
        with self._lock:
            if self._knows(record):
                return True
            try:
                self._make_room(record.owner, played)
            except Refusal as full:
                session.episode.close()
                played.left[record.session_id] = Left(record, full)
                return False
            self._insert(session)
        return True

    def _knows(self, record: EpisodeRecord) -> bool:
        """Says whether a session lives here, or this episode of it has ended, or a later one has."""
        past = None if self._memory.is_shared else self._past.get(record.session_id)
        if past is not None and past.status is not Status.LIVE:
            return past.record.generation >= record.generation
        return record.session_id in self._sessions

    def _is_behind(self, session: Session) -> bool:
        """Says whether another server has gone on with a session, or ended it."""
        if not self._memory.is_shared:
            return False
        head = self._memory.head(session.session_id)
        if head is None:
            return False  # its opening is not written yet
        episode_id, status, steps = head
        if episode_id != session.record.episode_id:
            return True
        return status != Status.LIVE or steps > len(session.answered)

    def _full(self, what: str, option: str) -> Refusal:
        return Refusal(
            Reason.TOO_MANY_SESSIONS,
            what,
            hint=(
                "Close sessions that have ended, wait for idle ones to expire "
                f"({self._idle_seconds:g} s), or start the server with a higher {option}."
            ),
            retry_after_seconds=1.0,
        )


def _ended(past: _Past, idle_seconds: float) -> Refusal:
    session_id = past.record.session_id
    if past.why:
        return Refusal(
            Reason.REPLAY_MISMATCH,
            f"session {session_id!r} cannot be brought back: {past.why}",
            field="session_id",
            hint="The task bank, the profiles or the version has changed since. Reset begins anew.",
        )
    if past.status is Status.EXPIRED:
        return Refusal(
            Reason.SESSION_EXPIRED,
            f"session {session_id!r} had no step for {idle_seconds:g} s and expired",
            field="session_id",
            hint="Reset opens a new session.",
        )
    return Refusal(
        Reason.SESSION_CLOSED,
        f"session {session_id!r} was closed",
        field="session_id",
        hint="Reset opens a new session.",
    )


def _last_sign(recorded: Recorded) -> float:
    """Gives when an episode was last played, in seconds since 1970."""
    return recorded.steps[-1].played_at if recorded.steps else recorded.episode.opened_at


def _free(session: Session) -> None:
    """Marks a session that is no longer in the store, and gives its databases back."""
    with session.lock:
        session.ended = True
        session.episode.close()
