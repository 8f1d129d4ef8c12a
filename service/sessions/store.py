"""The live sessions of one server: opening, playing, closing, expiring."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from ..core.action import Action
from ..core.episode import Episode
from ..core.profiles import DEFAULT_PROFILES, PROFILES, Profile
from ..core.review import Reviewer
from ..core.task import Task
from ..sandbox.pool import DatabasePool
from ..tasks.bank import TaskBank, UnknownTask
from .refusal import Reason, Refusal
from .session import Encode, Session

REMEMBERED_CLOSED = 10_000  # closed ids that are still told apart from unknown ones


@dataclass(frozen=True, slots=True)
class Opening:
    """What a caller asks for when opening a session; empty and 0 mean the default."""

    task_id: str
    session_id: str = ""
    profile: str = ""
    seed: int = 0
    budget: int = 0


class SessionStore:
    """All live sessions. Every method may be called from any thread; what cannot be done raises Refusal."""

    def __init__(
        self,
        bank: TaskBank,
        pool: DatabasePool,
        reviewer: Reviewer,
        *,
        max_sessions: int,
        idle_seconds: float,
    ) -> None:
        self._bank = bank
        self._pool = pool
        self._reviewer = reviewer
        self._max_sessions = max_sessions
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}
        self._closed: OrderedDict[str, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sessions)

    def open(self, opening: Opening) -> Session:
        """Opens a session, or begins anew in the one of that id."""
        episode = self._episode(opening)
        session_id = opening.session_id or secrets.token_urlsafe(16)
        session = Session(session_id, episode, opening.seed, opening.budget)
        with self._lock:
            before = self._sessions.get(session_id)
            if before is None and len(self._sessions) >= self._max_sessions:
                self._expire()
                if len(self._sessions) >= self._max_sessions:
                    raise self._full()
            self._sessions[session_id] = session
            self._closed.pop(session_id, None)
        if before is not None:
            _end(before)
        return session

    def play(self, session_id: str, step_index: int, action: Action, reviewed: bool, encode: Encode) -> bytes:
        """Plays one step of a session and gives its encoded answer; see Session.play."""
        while True:
            session = self.find(session_id)
            with session.lock:
                if session.closed:
                    continue  # it began anew or was closed in the meantime: the store knows
                session.last_used = time.monotonic()
                return session.play(step_index, action, reviewed, encode)

    def find(self, session_id: str) -> Session:
        """Gives a live session."""
        session = self._sessions.get(session_id)
        if session is not None:
            return session
        if session_id in self._closed:
            raise Refusal(
                Reason.SESSION_CLOSED,
                f"session {session_id!r} was closed",
                field="session_id",
                hint="Reset opens a new session.",
            )
        raise Refusal(
            Reason.UNKNOWN_SESSION,
            f"no session {session_id!r}",
            field="session_id",
            hint=f"Reset opens a session; one that is idle for {self._idle_seconds:g} s expires.",
        )

    def close(self, session_id: str) -> None:
        """Closes a session. One that is closed already stays closed; an unknown one raises Refusal."""
        with self._lock:
            session = self._sessions.pop(session_id, None)
            if session is not None:
                self._remember_closed(session_id)
        if session is not None:
            _end(session)
        elif session_id not in self._closed:
            self.find(session_id)

    def expire(self) -> int:
        """Ends the sessions that were idle for too long; gives how many."""
        with self._lock:
            return self._expire()

    def _expire(self) -> int:
        oldest = time.monotonic() - self._idle_seconds
        idle = [s for s in self._sessions.values() if s.last_used < oldest and not s.lock.locked()]
        for session in idle:
            del self._sessions[session.session_id]
            _end(session)
        return len(idle)

    def _remember_closed(self, session_id: str) -> None:
        self._closed[session_id] = None
        if len(self._closed) > REMEMBERED_CLOSED:
            self._closed.popitem(last=False)

    def _full(self) -> Refusal:
        return Refusal(
            Reason.TOO_MANY_SESSIONS,
            f"all {self._max_sessions} sessions of this server are in use",
            hint=(
                "Close sessions that have ended, wait for idle ones to expire "
                f"({self._idle_seconds:g} s), or start the server with a higher --max-sessions."
            ),
            retry_after_seconds=1.0,
        )

    def _episode(self, opening: Opening) -> Episode:
        try:
            prepared = self._bank.prepare(opening.task_id)
        except UnknownTask as unknown:
            raise Refusal(
                Reason.UNKNOWN_TASK,
                str(unknown),
                field="task_id",
                hint="TaskService.ListTasks lists the tasks.",
            ) from unknown
        task = prepared.task
        world = self._pool.world(self._bank.images(task.database_id), task.permissions)
        return Episode(prepared, _profile(opening.profile, task), world, self._reviewer)


def _profile(name: str, task: Task) -> Profile:
    profile = PROFILES.get(name or DEFAULT_PROFILES[task.kind])
    fitting = ", ".join(p.name for p in PROFILES.values() if p.kind is task.kind)
    if profile is None:
        raise Refusal(
            Reason.UNKNOWN_PROFILE,
            f"no reward profile {name!r}",
            field="profile",
            hint=f"For this task: {fitting}.",
        )
    if profile.kind is not task.kind:
        raise Refusal(
            Reason.PROFILE_MISMATCH,
            f"profile {name!r} is not for {task.kind.name.lower()} tasks",
            field="profile",
            hint=f"For this task: {fitting}.",
        )
    return profile


def _end(session: Session) -> None:
    """Marks a session that is no longer in the store, and gives its databases back."""
    with session.lock:
        session.closed = True
        session.episode.close()
