"""Making episodes from what a caller asks for, or from what the journal has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from weakref import WeakSet

from ..core.episode import Episode, foresee
from ..core.profiles import Profile, Profiles
from ..core.review import Reviewer
from ..core.task import PreparedTask, Task
from ..sandbox.pool import DatabasePool, SessionWorld
from ..tasks.bank import TaskBank, UnknownTask
from .journal.records import Recorded
from .refusal import Reason, Refusal
from .session import Encoding, ReplayMismatch, Session, digest


class Episodes:
    """The episodes that a bank's tasks, some profiles and a reviewer make possible. For any thread.

    `reviewer` grades statements; it also says what may be run, unless there is a `gate` that does. `later` is
    given the work that an opened task will make, bit by bit, for whoever has time before its steps come.
    """

    def __init__(
        self,
        bank: TaskBank,
        pool: DatabasePool,
        reviewer: Reviewer,
        profiles: Profiles,
        encoding: Encoding,
        gate: Reviewer | None = None,
        later: Callable[[Iterator[None]], None] = lambda _: None,
    ) -> None:
        self.bank_digest = bank.digest
        self.encoding = encoding
        self._bank = bank
        self._pool = pool
        self._reviewer = reviewer
        self._gate = gate
        self._profiles = profiles
        self._later = later
        self._foreseen: WeakSet[PreparedTask] = WeakSet()

    def make(self, task_id: str, profile: str) -> Episode:
        """Makes an episode that is not begun; an empty profile means the one of the task's kind."""
        return self._make(task_id, profile)[0]

    def _make(self, task_id: str, profile: str) -> tuple[Episode, SessionWorld]:
        try:
            prepared = self._bank.prepare(task_id)
        except UnknownTask as unknown:
            raise Refusal(
                Reason.UNKNOWN_TASK,
                str(unknown),
                field="task_id",
                hint="TaskService.ListTasks lists the tasks.",
            ) from unknown
        if prepared not in self._foreseen:
            self._foreseen.add(prepared)
            self._later(foresee(prepared, self._reviewer))
        task = prepared.task
        world = self._pool.world(self._bank.images(task.database_id), task.permissions)
        episode = Episode(prepared, self._profile(profile, task), world, self._reviewer, self._gate)
        return episode, world

    def replay(self, recorded: Recorded) -> Session:
        """Plays an episode of the journal again, to where it was.

        Raises ReplayMismatch when an answer is another one now, Refusal when there is no such task or
        profile any more.
        """
        record = recorded.episode
        episode, world = self._make(record.task_id, record.profile)
        session = Session(record.session_id, episode, record.budget)
        session.record = record
        world.replays = True
        if digest(self.encoding.first(session)) != record.digest:
            raise ReplayMismatch(0)
        for place, step in enumerate(recorded.steps, 1):
            if step.step_index != place:
                raise ReplayMismatch(place)
            session.replay(step, self.encoding)
        world.replays = False
        return session

    def _profile(self, name: str, task: Task) -> Profile:
        profile = self._profiles.find(name) if name else self._profiles.default(task.kind)
        if profile is None:
            raise Refusal(
                Reason.UNKNOWN_PROFILE,
                f"no reward profile {name!r}",
                field="profile",
                hint=self._fitting(task),
            )
        if profile.kind is not task.kind:
            raise Refusal(
                Reason.PROFILE_MISMATCH,
                f"profile {name!r} is not for {task.kind.name.lower()} tasks",
                field="profile",
                hint=self._fitting(task),
            )
        return profile

    def _fitting(self, task: Task) -> str:
        names = ", ".join(each.name for each in self._profiles.of(task.kind))
        return f"For this task: {names}."
