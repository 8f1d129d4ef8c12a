"""The threads that calls are carried out on, in turns that are fair between their owners."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from time import monotonic
from typing import Protocol

from .link import Slot

TURN_SECONDS = 0.005  # after which a frame makes way for what waits
LINGER_SECONDS = 1.0  # for which an owner without work keeps its share of the processor


class Job(Protocol):
    """What is carried out: one call, or a frame of them, which can be left and gone on with between two.

    `owner` is the caller whose time it takes, `seconds` how much of the processor's it has taken until now.
    """

    owner: str
    is_frame: bool
    seconds: float

    def go_on(self, slot: Slot, must_yield: Callable[[], bool]) -> bool:
        """Carries it out to its end, or until it has to make way; says whether it is done. Never raises."""
        ...


class _Owner:
    """A caller: what it has waiting, on how many threads its jobs run, and how much time they took."""

    def __init__(self, used: float) -> None:
        self.used = used
        self.running = 0
        self.idle_since = 0.0
        self.calls: deque[Job] = deque()
        self.frames: deque[Job] = deque()

    @property
    def is_busy(self) -> bool:
        return bool(self.running or self.calls or self.frames)


class Turns:
    """One thread for each slot; at most `frames` of them carry out frames, so that calls find one as well.

    The owner next in turn is the one whose jobs have taken the least time of the processor; its jobs take
    turns too. While several owners have work, each may keep an equal part of the `cores` busy, and one at
    least; one alone may use all threads.

    Of the threads that are idle, the one that worked last works next: each has databases of its own open,
    and the fewer take part, the warmer their caches are. `begin_thread` is called by each with its slot.
    """

    def __init__(
        self,
        slots: Sequence[Slot],
        frames: int,
        cores: int,
        begin_thread: Callable[[Slot], None] = Slot.take,
    ) -> None:
        self._slots = list(slots)
        self._threads = len(self._slots)
        self._max_frames = frames
        self._cores = cores
        self._begin_thread = begin_thread
        self._lock = threading.Lock()
        self._idle: list[SimpleQueue[Job]] = []  # their inboxes, the last to become idle at the end
        self._owners: dict[str, _Owner] = {}
        self._frames = 0  # that run
        self._alone_until = 0.0  # when a second owner came
        self._is_wanted = False  # jobs wait, or an owner has more threads than its part

    def add(self, job: Job) -> None:
        """Has a job carried out when its turn comes."""
        with self._lock:
            owner = self._owners.get(job.owner)
            if owner is None or not owner.is_busy:  # it has saved nothing up while it had no work
                least = min((each.used for each in self._owners.values() if each.is_busy), default=0.0)
                if owner is None:
                    owner = self._owners[job.owner] = _Owner(least)
                    if len(self._owners) == 2:
                        self._alone_until = monotonic()
                owner.used = max(owner.used, least)
            (owner.frames if job.is_frame else owner.calls).append(job)
            self._hand_out()

    def _hand_out(self) -> None:
        """Gives idle threads what may begin."""
        self._forget_the_idle()
        while (self._idle or self._slots) and (job := self._take()) is not None:
            if self._idle:
                self._idle.pop().put(job)
            else:
                self._start(job)
        part = self._part()
        self._is_wanted = any(
            owner.calls or owner.frames or owner.running > part for owner in self._owners.values()
        )

    def _forget_the_idle(self) -> None:
        if len(self._owners) > 1:
            oldest = monotonic() - LINGER_SECONDS
            for name, owner in list(self._owners.items()):
                if not owner.is_busy and owner.idle_since < oldest:
                    del self._owners[name]

    def _part(self) -> int:
        """How many threads each owner may have."""
        return self._threads if len(self._owners) == 1 else max(1, self._cores // max(1, len(self._owners)))

    def _take(self) -> Job | None:
        part = self._part()
        frames = self._frames < self._max_frames
        ready = (
            owner
            for owner in self._owners.values()
            if owner.running < part and (owner.calls or (frames and owner.frames))
        )
        owner = min(ready, key=lambda each: each.used, default=None)
        if owner is None:
            return None
        owner.running += 1
        if owner.calls:
            return owner.calls.popleft()
        self._frames += 1
        return owner.frames.popleft()

    def _start(self, job: Job) -> None:
        inbox: SimpleQueue[Job] = SimpleQueue()
        inbox.put(job)
        slot = self._slots.pop(0)
        name = f"sqldojo-turns-{self._threads - len(self._slots)}"
        threading.Thread(target=self._run, args=(inbox, slot), name=name, daemon=True).start()

    def _run(self, inbox: SimpleQueue[Job], slot: Slot) -> None:
        self._begin_thread(slot)
        while True:
            job = inbox.get()
            following: Job | None = job
            while following is not None:
                job, before = following, following.seconds
                until = monotonic() + TURN_SECONDS
                is_done = job.go_on(slot, lambda until=until: self._is_wanted and monotonic() > until)  # type: ignore[misc]
                with self._lock:
                    following = self._settle(job, is_done, job.seconds - before)
                    if following is None:
                        self._idle.append(inbox)
            del job, following  # or what they hold would live on while this thread is idle

    def _settle(self, job: Job, is_done: bool, seconds: float) -> Job | None:
        """Notes what a turn took; gives the job whose turn on this thread is next."""
        owner = self._owners[job.owner]
        owner.used += min(seconds, monotonic() - self._alone_until)  # what nobody else wanted is free
        owner.running -= 1
        if job.is_frame:
            self._frames -= 1
        if not is_done:
            owner.frames.append(job)
        elif not owner.is_busy:
            owner.idle_since = monotonic()
        following = self._take()
        self._hand_out()
        return following
