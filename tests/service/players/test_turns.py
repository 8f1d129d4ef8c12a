from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from sqldojo.service.players import turns as turns_module
from sqldojo.service.players.link import Board, Slot
from sqldojo.service.players.turns import Turns

WAIT = 20.0  # seconds, for what comes at once or never


def turns(threads: int, *, frames: int = 8, cores: int = 2) -> Turns:
    board = Board(Board.make(threads), threads)
    return Turns([board.slot(thread) for thread in range(threads)], frames, cores)


def comes(what: Callable[[], bool]) -> bool:
    """Waits until it is so; False when it does not come."""
    never = threading.Event()
    return any(what() or never.wait(0.001) for _ in range(int(WAIT * 1000)))


@dataclass
class Once:
    """Does one thing in one turn."""

    work: Callable[[], object]
    owner: str = ""
    is_frame: bool = False
    seconds: float = 0.0
    ended: threading.Event = field(default_factory=threading.Event)

    def go_on(self, slot: Slot, must_yield: Callable[[], bool]) -> bool:
        self.work()
        self.ended.set()
        return True


@dataclass
class Endless:
    """A frame that makes way when it must, and goes on until it is told to end."""

    owner: str
    stop: threading.Event
    is_frame: bool = True
    seconds: float = 0.0
    turns: int = 0
    began: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    def go_on(self, slot: Slot, must_yield: Callable[[], bool]) -> bool:
        self.turns += 1
        self.began.set()
        while not self.stop.is_set():
            self.seconds += 0.001
            if must_yield():
                return False
            self.stop.wait(0.001)
        self.ended.set()
        return True


@pytest.fixture
def no_turn_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is ever long, and no turn over by itself."""
    monkeypatch.setattr(turns_module, "TURN_SECONDS", 1000.0)


def start(carried_out: Turns, frame: Endless) -> None:
    """Adds a frame, and waits until it has begun."""
    carried_out.add(frame)
    assert frame.began.wait(WAIT)


def finish(carried_out: Turns, job: Once) -> None:
    """Adds a job, and waits for its end."""
    carried_out.add(job)
    assert job.ended.wait(WAIT)


def test_work_one_after_the_other_stays_on_one_thread() -> None:
    carried_out = turns(8)
    seen, never = set(), threading.Event()
    for _ in range(50):
        job = Once(lambda: seen.add(threading.get_ident()))
        carried_out.add(job)
        assert job.ended.wait(WAIT)
        while not carried_out._idle:  # it tells that the job is done a moment before it is idle
            assert not never.wait(0.001)
    assert len(seen) == 1


def test_one_owner_may_use_all_threads_and_the_rest_waits() -> None:
    barrier = threading.Barrier(3)
    carried_out = turns(3, cores=1)
    jobs = [Once(lambda: barrier.wait(WAIT)) for _ in range(9)]
    for job in jobs:
        carried_out.add(job)
    assert all(job.ended.wait(WAIT) for job in jobs)


def test_frames_leave_threads_for_calls() -> None:
    stop = threading.Event()
    carried_out = turns(4, frames=2)
    frames = [Endless("a", stop) for _ in range(5)]
    for frame in frames:
        carried_out.add(frame)
    call = Once(lambda: None, owner="a")
    finish(carried_out, call)
    stop.set()
    assert all(frame.ended.wait(WAIT) for frame in frames)


def test_calls_without_end_leave_frames_their_turns() -> None:
    """Each call is followed by the next one before it is done, as from many clients at once."""
    stop, frame_ended = threading.Event(), threading.Event()
    carried_out = turns(4)

    @dataclass
    class Call(Once):
        def go_on(self, slot: Slot, must_yield: Callable[[], bool]) -> bool:
            if not stop.is_set():
                carried_out.add(Call(lambda: None))
            self.seconds += 0.001
            return True

    carried_out.add(Call(lambda: None))
    carried_out.add(Once(lambda: None, is_frame=True, ended=frame_ended))
    assert frame_ended.wait(WAIT)
    stop.set()


def test_frames_of_one_owner_take_turns() -> None:
    stop = threading.Event()
    carried_out = turns(4, frames=1)
    frames = [Endless("a", stop) for _ in range(3)]
    for frame in frames:
        carried_out.add(frame)
    assert all(frame.began.wait(WAIT) for frame in frames)
    stop.set()
    assert all(frame.ended.wait(WAIT) for frame in frames)
    assert max(frame.turns for frame in frames) >= 2


def test_owners_get_equal_parts_of_the_cores_whatever_they_have_waiting() -> None:
    """A greedy owner has all threads; when another one comes, both have one thread for the two cores."""
    stop, stop_polite = threading.Event(), threading.Event()
    carried_out = turns(8, cores=2)
    greedy = [Endless("greedy", stop) for _ in range(8)]
    for frame in greedy:
        carried_out.add(frame)
    assert all(frame.began.wait(WAIT) for frame in greedy)
    polite = Endless("polite", stop_polite)
    start(carried_out, polite)
    for _ in range(3):  # until the greedy one has made way
        before = polite.seconds, sum(frame.seconds for frame in greedy)
        stop.wait(0.3)
    gained = polite.seconds - before[0], sum(frame.seconds for frame in greedy) - before[1]
    assert gained[0] > 0.5 * gained[1]
    stop_polite.set()
    assert polite.ended.wait(WAIT)
    stop.set()
    assert all(frame.ended.wait(WAIT) for frame in greedy)


def test_an_owner_that_comes_late_gets_its_part_and_no_more() -> None:
    stop = threading.Event()
    carried_out = turns(1, cores=1)
    busy = Endless("busy", stop)
    carried_out.add(busy)
    while busy.seconds < 0.2:
        assert not stop.wait(0.001)
    late = Endless("late", stop)
    carried_out.add(late)
    while busy.turns < 12:
        assert not stop.wait(0.001)
    assert 6 <= late.turns <= 24
    stop.set()
    assert busy.ended.wait(WAIT)
    assert late.ended.wait(WAIT)


@dataclass
class Costly(Once):
    """Takes much of the processor's time at once."""

    def go_on(self, slot: Slot, must_yield: Callable[[], bool]) -> bool:
        self.seconds += 60.0
        return super().go_on(slot, must_yield)


@pytest.mark.usefixtures("no_turn_ends")
def test_who_comes_while_nobody_has_work_is_no_better_off_than_others() -> None:
    stop = threading.Event()
    carried_out = turns(2)
    old = Costly(lambda: None, owner="old")
    finish(carried_out, old)
    assert comes(lambda: bool(carried_out._idle))
    new = Endless("new", stop)
    start(carried_out, new)
    again = Once(lambda: None, owner="old")
    finish(carried_out, again)
    stop.set()
    assert new.ended.wait(WAIT)


def test_a_frame_of_long_commands_makes_way_where_no_thread_is_left() -> None:
    stop = threading.Event()
    carried_out = turns(1)

    @dataclass
    class Slow(Endless):
        def go_on(self, slot: Slot, must_yield: Callable[[], bool]) -> bool:
            self.began.set()
            while not self.stop.wait(3 * turns_module.TURN_SECONDS):
                if must_yield():
                    return False
            self.ended.set()
            return True

    frame = Slow("", stop)
    start(carried_out, frame)
    call = Once(lambda: None)
    finish(carried_out, call)
    stop.set()
    assert frame.ended.wait(WAIT)


def test_who_goes_away_from_something_long_leaves_its_part_of_the_cores() -> None:
    carried_out = turns(4, cores=1)
    other = Once(lambda: None, owner="other")  # still counts for a while, so that one's part is one core
    finish(carried_out, other)
    call = Once(lambda: None)
    came: list[bool] = []

    def ask() -> None:
        carried_out.add(call)
        came.append(comes(lambda: carried_out._current is None))  # it has become long, and none may begin
        with carried_out.away():
            came.append(call.ended.wait(WAIT / 4))

    job = Once(ask)
    carried_out.add(job)
    assert job.ended.wait(2 * WAIT)
    assert came == [True, True]


@pytest.mark.parametrize("owners", [("a", "b"), ("a", "a")])
def test_short_things_are_done_one_after_the_other(owners: tuple[str, str]) -> None:
    """Each frame does many short things: at most one that is under way when the other comes is beside it."""
    doing, beside, stop = set(), [], threading.Event()

    @dataclass
    class Busy(Endless):
        def go_on(self, slot: Slot, must_yield: Callable[[], bool]) -> bool:
            self.turns += 1
            self.began.set()
            while not self.stop.is_set():
                doing.add(id(self))
                beside.append(len(doing))
                self.stop.wait(0.0005)
                doing.discard(id(self))
                self.seconds += 0.0005
                if must_yield():
                    return False
            self.ended.set()
            return True

    carried_out = turns(4, cores=4)
    frames = [Busy(owner, stop) for owner in owners]
    for frame in frames:
        carried_out.add(frame)
    assert comes(lambda: min(frame.turns for frame in frames) >= 20)
    stop.set()
    assert all(frame.ended.wait(WAIT) for frame in frames)
    assert beside.count(2) < 0.3 * len(beside)


def test_one_owner_s_long_statement_does_not_hold_the_others_up() -> None:
    stop, release = threading.Event(), threading.Event()
    carried_out = turns(4, cores=2)
    busy = Endless("busy", stop)
    start(carried_out, busy)
    long = Once(lambda: release.wait(WAIT), owner="long")
    carried_out.add(long)
    before = busy.seconds
    assert comes(lambda: busy.seconds > before + 0.3)  # 300 things, while the other is at its one
    assert not long.ended.is_set()
    release.set()
    assert long.ended.wait(WAIT)
    stop.set()
    assert busy.ended.wait(WAIT)


@pytest.mark.usefixtures("no_turn_ends")
def test_while_one_is_away_it_is_the_turn_of_others() -> None:
    came, answer = threading.Event(), threading.Event()
    carried_out = turns(2)
    said = []

    @dataclass
    class Asking(Once):
        is_frame: bool = True

        def go_on(self, slot: Slot, must_yield: Callable[[], bool]) -> bool:
            if not said:
                with carried_out.away():
                    came.set()
                    assert answer.wait(WAIT)
                said.append(must_yield())
                if said[-1]:
                    return False
            self.ended.set()
            return True

    asking = Asking(lambda: None)
    carried_out.add(asking)
    assert came.wait(WAIT)
    stop = threading.Event()
    other = Endless("", stop)
    start(carried_out, other)
    answer.set()
    assert comes(lambda: bool(said))
    assert said == [True]  # it is the other's turn
    assert not asking.ended.is_set()
    stop.set()
    assert other.ended.wait(WAIT)
    assert asking.ended.wait(WAIT)


@pytest.mark.usefixtures("no_turn_ends")
def test_who_was_away_goes_on_when_nobody_else_has_the_turn() -> None:
    carried_out = turns(2)
    said = []

    def ask() -> None:
        with carried_out.away():
            pass
        said.append(carried_out._current is not None)

    job = Once(ask)
    finish(carried_out, job)
    assert said == [True]


@pytest.mark.usefixtures("no_turn_ends")
def test_who_has_taken_less_need_not_wait_for_the_end_of_a_turn() -> None:
    stop = threading.Event()
    carried_out = turns(2)
    greedy = Endless("greedy", stop)
    start(carried_out, greedy)
    polite = Once(lambda: None, owner="polite")
    finish(carried_out, polite)
    stop.set()
    assert greedy.ended.wait(WAIT)
    assert greedy.turns == 2


@pytest.mark.usefixtures("no_turn_ends")
def test_spare_jobs_begin_when_nothing_else_is_left_and_make_way() -> None:
    stop_frame, stop_spare = threading.Event(), threading.Event()
    carried_out = turns(2, frames=1)
    frame, spare = Endless("a", stop_frame), Endless("", stop_spare, is_frame=False)
    start(carried_out, frame)
    carried_out.add_spare(spare)
    seen: list[int] = []
    waiting = [Once(lambda: seen.append(spare.turns), is_frame=True) for _ in range(3)]
    for job in waiting:
        carried_out.add(job)
    stop_frame.set()
    assert waiting[-1].ended.wait(WAIT)
    assert seen == [0, 0, 0]
    assert spare.began.wait(WAIT)
    made_way: list[bool] = []
    finish(carried_out, Once(lambda: made_way.append(comes(lambda: not carried_out._spare.running))))
    assert made_way == [True]
    assert comes(lambda: spare.turns == 2)
    stop_spare.set()
    assert spare.ended.wait(WAIT)


@pytest.mark.usefixtures("no_turn_ends")
def test_who_comes_back_while_a_spare_job_runs_goes_on_at_once() -> None:
    stop = threading.Event()
    carried_out = turns(2)
    spare, had_to = Endless("", stop, is_frame=False), []

    class Away(Once):
        def go_on(self, slot: Slot, must_yield: Callable[[], bool]) -> bool:
            with carried_out.away():
                assert spare.began.wait(WAIT)
            had_to.append(must_yield())
            return super().go_on(slot, must_yield)

    frame = Away(lambda: None, is_frame=True)
    carried_out.add(frame)
    carried_out.add_spare(spare)
    assert frame.ended.wait(WAIT)
    assert had_to == [False]
    stop.set()
    assert spare.ended.wait(WAIT)


def test_spare_jobs_that_are_too_many_are_left_out_the_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns_module, "MAX_SPARE", 2)
    stop, done = threading.Event(), []
    carried_out = turns(2)
    start(carried_out, Endless("a", stop))
    jobs = [Once(lambda number=number: done.append(number)) for number in range(4)]
    for job in jobs:
        carried_out.add_spare(job)
    stop.set()
    assert jobs[-1].ended.wait(WAIT)
    assert done == [2, 3]
