"""The threads that calls are carried out on, in turns that are fair between their owners."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from heapq import heappop, heappush, heapreplace
from queue import SimpleQueue
from time import monotonic, sleep
from typing import NamedTuple, Protocol

from .link import Slot

TURN_SECONDS = 0.005  # after which a frame makes way for what waits, or others go on beside what it is at
LINGER_SECONDS = 1.0  # for which an owner without work keeps its share of the processor
MAX_SPARE = 1_024  # jobs that wait until nothing else does; of more, the last ones


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
    """A caller: what it has waiting, what of its runs, and how much time that took."""

    def __init__(self, used: float) -> None:
        self.used = used
        self.running: set[_Turn] = set()
        self.away = 0  # of these
        self.called = 0.0  # seconds that calls took since a frame had its turn
        self.idle_since = 0.0
        self.calls: deque[Job] = deque()
        self.frames: deque[Job] = deque()

    @property
    def is_busy(self) -> bool:
        return bool(self.running) or self.has_next()

    def has_next(self, frames: bool = True) -> bool:
        """Says whether something waits, `frames` saying whether it may be a frame."""
        return bool(self.calls or (frames and self.frames))

    def take(self, frames: bool) -> Job:
        """Takes what is next: a call, but a frame when calls have had a turn's time since the last one."""
        if self.calls and not (frames and self.frames and self.called > TURN_SECONDS):
            return self.calls.popleft()
        self.called = 0.0
        return self.frames.popleft()


class _Turn:
    """A job that runs until it is done or makes way."""

    def __init__(self, job: Job, owner: _Owner) -> None:
        self.job = job
        self.owner = owner
        self.begin()

    def begin(self) -> None:
        """It is its turn, from now on until it has to make way for others, if any wait."""
        self.began = self.command_began = monotonic()
        self.until = self.began + TURN_SECONDS


class _Thread(NamedTuple):
    """A thread by its number, the one that was started first having the lowest, and what it is given."""

    number: int
    inbox: SimpleQueue[_Turn]


class Turns:
    """One thread for each slot; at most `frames` of them carry out frames, so that calls find one as well.

    One interpreter serves all threads, and two that have many short things to do get in each other's way at
    each. So it is one job's turn at a time. Others run beside it only while they are at a command that takes
    longer than a turn, or away, waiting for what another process or thread has to say. Spare jobs are carried
    out while it would be nobody's turn.

    The owner next in turn is the one whose jobs have taken the least time of the processor; its calls and its
    frames take turns too. While several owners have work, each may keep an equal part of the `cores` busy,
    and one at least; one alone may use all threads.

    Of the threads that are free, the first one works: each has databases of its own open, and the fewer take
    part, the warmer their caches are. `begin_thread` is called by each with its slot.
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
        self._here = threading.local()  # its `turn` is the one that the calling thread runs
        self._lock = threading.Lock()
        self._needs_lookout = threading.Condition(self._lock)
        self._idle: list[_Thread] = []  # a heap
        self._owners: dict[str, _Owner] = {}
        self._spare = _Owner(0.0)
        self._spare.frames = deque(maxlen=MAX_SPARE)
        self._frames = 0  # that run
        self._alone_until = 0.0  # when a second owner came
        self._current: _Turn | None = None  # whose turn it is
        self._is_wanted = False  # jobs wait
        threading.Thread(target=self._look_out, name="sqldojo-lookout", daemon=True).start()

    def add(self, job: Job) -> None:
        """Has a job carried out when its turn comes."""
        with self._lock:
            owner = self._owners.get(job.owner)
            if owner is None or not owner.is_busy:  # it has saved nothing up while it had no work
                busy = [each.used for each in self._owners.values() if each.is_busy]
                least = min(busy) if busy else max((each.used for each in self._owners.values()), default=0.0)
                if owner is None:
                    owner = self._owners[job.owner] = _Owner(least)
                    if len(self._owners) == 2:
                        self._alone_until = monotonic()
                owner.used = max(owner.used, least)
            (owner.frames if job.is_frame else owner.calls).append(job)
            current = self._callers_turn()
            if current is None:
                self._hand_out()
                return
            if owner is not current.owner and owner.used < current.owner.used + monotonic() - current.began:
                current.until = 0.0
            self._note_waiting()

    def add_spare(self, job: Job) -> None:
        """Has a job carried out while no other waits or runs. It makes way between its bits, as a frame does.

        One that comes meanwhile does not wait for that, as long as a thread is left.
        """
        with self._lock:
            self._spare.frames.append(job)
            if self._current is None:
                self._hand_out()

    @contextmanager
    def away(self) -> Iterator[None]:
        """While the calling thread waits in the block, it is the turn of others."""
        turn: _Turn | None = getattr(self._here, "turn", None)
        if turn is None:
            yield
            return
        with self._lock:
            turn.owner.away += 1
            if self._current is None or self._current is turn:
                self._hand_out()
        try:
            yield
        finally:
            with self._lock:
                turn.owner.away -= 1
                if self._callers_turn() is None:
                    turn.begin()
                    self._go_on(turn)

    def _hand_out(self) -> None:
        """Makes it the turn of what is next, on an idle thread."""
        self._current = self._take() if self._idle or self._slots else None
        if self._current is not None:
            if self._idle:
                heappop(self._idle).inbox.put(self._current)
            else:
                self._start(self._current)
        self._note_waiting()

    def _take(self) -> _Turn | None:
        """Takes what is next, if any may begin."""
        self._forget_the_idle()
        part = self._threads if len(self._owners) == 1 else max(1, self._cores // max(1, len(self._owners)))
        frames = self._frames < self._max_frames
        ready = (
            owner
            for owner in self._owners.values()
            if len(owner.running) - owner.away < part and owner.has_next(frames)
        )
        owner = min(ready, key=lambda each: each.used, default=self._spare)
        if owner is self._spare and (owner.running or not owner.frames):
            return None
        turn = _Turn(owner.take(frames), owner)
        if owner is self._spare:
            turn.until = 0.0
        self._frames += turn.job.is_frame
        owner.running.add(turn)
        return turn

    def _forget_the_idle(self) -> None:
        if len(self._owners) > 1:
            oldest = monotonic() - LINGER_SECONDS
            for name, owner in list(self._owners.items()):
                if not owner.is_busy and owner.idle_since < oldest:
                    del self._owners[name]

    def _note_waiting(self) -> None:
        self._is_wanted = any(owner.has_next() for owner in self._owners.values())
        if self._is_wanted and self._current is not None:
            self._needs_lookout.notify()

    def _start(self, turn: _Turn) -> None:
        slot = self._slots.pop(0)
        thread = _Thread(self._threads - len(self._slots), SimpleQueue())
        thread.inbox.put(turn)
        name = f"sqldojo-turns-{thread.number}"
        threading.Thread(target=self._run, args=(thread, slot), name=name, daemon=True).start()

    def _run(self, thread: _Thread, slot: Slot) -> None:
        self._begin_thread(slot)
        while True:
            turn: _Turn | None = thread.inbox.get()
            while turn is not None:
                self._here.turn = turn
                before = turn.job.seconds
                is_done = turn.job.go_on(slot, partial(self._must_yield, turn))
                with self._lock:
                    turn = self._settle(turn, is_done, turn.job.seconds - before)
                    if turn is not None and self._idle and self._idle[0] < thread:
                        heapreplace(self._idle, thread).inbox.put(turn)
                        turn = None
                    elif turn is None:
                        heappush(self._idle, thread)
            del self._here.turn  # so that nothing of what it held lives on while this thread is idle

    def _must_yield(self, turn: _Turn) -> bool:
        now = turn.command_began = monotonic()
        if self._current is not turn:
            with self._lock:
                if self._callers_turn() is not None:
                    return True
                self._go_on(turn)
        return self._is_wanted and now > turn.until

    def _callers_turn(self) -> _Turn | None:
        """Gives the turn that it is; None where that is none, or a spare job's."""
        current = self._current
        return None if current is None or current.owner is self._spare else current

    def _go_on(self, turn: _Turn) -> None:
        """Has what was away or at something long go on, since it is nobody else's turn."""
        self._current = turn
        self._note_waiting()

    def _settle(self, turn: _Turn, is_done: bool, seconds: float) -> _Turn | None:
        """Notes what a turn took; gives the one that is next."""
        job, owner = turn.job, turn.owner
        owner.used += min(seconds, monotonic() - self._alone_until)  # what nobody else wanted is free
        owner.running.remove(turn)
        self._frames -= job.is_frame
        if not job.is_frame:
            owner.called += seconds
        if not is_done:
            owner.frames.append(job)
        elif not owner.is_busy:
            owner.idle_since = monotonic()
        following = None
        if self._callers_turn() in (None, turn):
            following = self._current = self._take()
        self._note_waiting()
        return following

    def _look_out(self) -> None:
        """Has others go on beside what takes longer than a turn."""
        while True:
            with self._lock:
                self._needs_lookout.wait_for(lambda: self._is_wanted and self._current is not None)
            sleep(TURN_SECONDS)
            with self._lock:
                current, late = self._current, monotonic() - TURN_SECONDS
                if self._is_wanted and current is not None and current.command_began < late:
                    self._hand_out()
