"""The threads that calls are carried out on, in turns that are fair between their owners."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
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
    """A caller: what it has waiting, what of its runs, and how much time that took.

    `number` tells it from the others, and says who is first where all have taken the same.
    """

    def __init__(self, number: int, used: float) -> None:
        self.number = number
        self.used = used
        self.running: set[_Turn] = set()
        self.idle_since = 0.0
        self.calls: deque[Job] = deque()
        self.frames: deque[Job] = deque()

    @property
    def is_busy(self) -> bool:
        return bool(self.running or self.calls or self.frames)


class _Turn:
    """A job that runs until it is done or makes way."""

    def __init__(self, job: Job, owner: _Owner) -> None:
        self.job = job
        self.owner = owner
        self.until = 0.0
        self.is_long = False  # others have waited for its command as long as they do


class Turns:
    """One thread for each slot; at most `frames` of them carry out frames, so that calls find one as well.

    The owner next in turn is the one whose jobs have taken the least time of the processor; its jobs take
    turns too. While several owners have work, each may keep an equal part of the `cores` busy, and one at
    least; one alone may use all threads.

    Two threads that have many short things to do get in each other's way at each, for one interpreter serves
    both. So a job stands aside, before its turn and between two commands, while one of another owner runs
    that has taken less, but never longer than a turn: then the other is at something long.

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
        self._turn_ended = threading.Condition(self._lock)
        self._aside = 0  # turns that stand aside
        self._idle: list[SimpleQueue[_Turn]] = []  # their inboxes, the last to become idle at the end
        self._owners: dict[str, _Owner] = {}
        self._numbers = count()
        self._frames = 0  # that run
        self._alone_until = 0.0  # when a second owner came
        self._is_wanted = False  # jobs wait, or an owner has more threads than its part
        self._is_shared = False  # jobs of several owners run

    def add(self, job: Job) -> None:
        """Has a job carried out when its turn comes."""
        with self._lock:
            owner = self._owners.get(job.owner)
            if owner is None or not owner.is_busy:  # it has saved nothing up while it had no work
                least = min((each.used for each in self._owners.values() if each.is_busy), default=0.0)
                if owner is None:
                    owner = self._owners[job.owner] = _Owner(next(self._numbers), least)
                    if len(self._owners) == 2:
                        self._alone_until = monotonic()
                owner.used = max(owner.used, least)
            (owner.frames if job.is_frame else owner.calls).append(job)
            self._hand_out()

    def _hand_out(self) -> None:
        """Gives idle threads what may begin."""
        self._forget_the_idle()
        while (self._idle or self._slots) and (turn := self._take()) is not None:
            if self._idle:
                self._idle.pop().put(turn)
            else:
                self._start(turn)
        part = self._part()
        self._is_wanted = any(
            owner.calls or owner.frames or len(owner.running) > part for owner in self._owners.values()
        )
        self._is_shared = sum(1 for owner in self._owners.values() if owner.running) > 1

    def _forget_the_idle(self) -> None:
        if len(self._owners) > 1:
            oldest = monotonic() - LINGER_SECONDS
            for name, owner in list(self._owners.items()):
                if not owner.is_busy and owner.idle_since < oldest:
                    del self._owners[name]

    def _part(self) -> int:
        """How many threads each owner may have."""
        return self._threads if len(self._owners) == 1 else max(1, self._cores // max(1, len(self._owners)))

    def _take(self) -> _Turn | None:
        part = self._part()
        frames = self._frames < self._max_frames
        ready = (
            owner
            for owner in self._owners.values()
            if len(owner.running) < part and (owner.calls or (frames and owner.frames))
        )
        owner = min(ready, key=lambda each: each.used, default=None)
        if owner is None:
            return None
        turn = _Turn((owner.calls or owner.frames).popleft(), owner)
        self._frames += turn.job.is_frame
        owner.running.add(turn)
        return turn

    def _start(self, turn: _Turn) -> None:
        inbox: SimpleQueue[_Turn] = SimpleQueue()
        inbox.put(turn)
        slot = self._slots.pop(0)
        name = f"sqldojo-turns-{self._threads - len(self._slots)}"
        threading.Thread(target=self._run, args=(inbox, slot), name=name, daemon=True).start()

    def _run(self, inbox: SimpleQueue[_Turn], slot: Slot) -> None:
        self._begin_thread(slot)
        while True:
            turn: _Turn | None = inbox.get()
            while turn is not None:
                self._stand_aside(turn)
                turn.until = monotonic() + TURN_SECONDS
                before = turn.job.seconds
                is_done = turn.job.go_on(slot, partial(self._must_yield, turn))
                with self._lock:
                    turn = self._settle(turn, is_done, turn.job.seconds - before)
                    if turn is None:  # and nothing of what it held lives on while this thread is idle
                        self._idle.append(inbox)

    def _must_yield(self, turn: _Turn) -> bool:
        turn.is_long = False
        if (self._is_wanted or self._aside) and monotonic() > turn.until:
            return True
        self._stand_aside(turn)
        return False

    def _stand_aside(self, turn: _Turn) -> None:
        if not self._is_shared:
            return
        until = monotonic() + TURN_SECONDS
        with self._turn_ended:
            self._aside += 1
            while before := self._before(turn):
                if not self._turn_ended.wait(until - monotonic()):
                    for other in before:
                        other.is_long = True
                    break
            self._aside -= 1

    def _before(self, turn: _Turn) -> list[_Turn]:
        """Gives what runs for owners that come first, but for what is long."""
        return [
            other
            for owner in self._owners.values()
            if (owner.used, owner.number) < (turn.owner.used, turn.owner.number)
            for other in owner.running
            if not other.is_long
        ]

    def _settle(self, turn: _Turn, is_done: bool, seconds: float) -> _Turn | None:
        """Notes what a turn took; gives the one that is next on this thread."""
        job, owner = turn.job, turn.owner
        owner.used += min(seconds, monotonic() - self._alone_until)  # what nobody else wanted is free
        owner.running.remove(turn)
        self._frames -= job.is_frame
        if not is_done:
            owner.frames.append(job)
        elif not owner.is_busy:
            owner.idle_since = monotonic()
        self._turn_ended.notify_all()
        following = self._take()
        self._hand_out()
        return following
