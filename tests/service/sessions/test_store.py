"""The live sessions of servers on one journal, without the wire."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from sqldojo.service.core.action import Query
from sqldojo.service.core.built_in_profiles import BUILT_IN_PROFILES
from sqldojo.service.core.execution import ErrorKind
from sqldojo.service.core.sql_reviewer import SqlReviewer
from sqldojo.service.players.wire import ENCODING
from sqldojo.service.sandbox.limits import Limits
from sqldojo.service.sandbox.pool import DatabasePool
from sqldojo.service.sessions.episodes import Episodes
from sqldojo.service.sessions.journal.committer import Committer
from sqldojo.service.sessions.journal.engine import journal_url
from sqldojo.service.sessions.journal.journal import Journal
from sqldojo.service.sessions.journal.records import Recorded, Status
from sqldojo.service.sessions.played import Played
from sqldojo.service.sessions.refusal import Reason, Refusal
from sqldojo.service.sessions.store import Opening, SessionStore
from sqldojo.service.tasks.bank import TaskBank

TASK = "explore/hospital/patients-without-insurer"


class JournalMemory:
    """Reads a journal that lives on another thread's event loop."""

    def __init__(self, journal: Journal, loop: asyncio.AbstractEventLoop) -> None:
        self.is_shared = journal.shared
        self._journal = journal
        self._loop = loop

    def find(self, session_ids: Sequence[str]) -> dict[str, Recorded]:
        return asyncio.run_coroutine_threadsafe(self._journal.find(session_ids), self._loop).result()

    def head(self, session_id: str) -> tuple[int, int, int] | None:
        return asyncio.run_coroutine_threadsafe(self._journal.head(session_id), self._loop).result()


@dataclass
class Replica:
    """What a server has of sessions, and the frames and calls of a test."""

    store: SessionStore
    committer: Committer
    journal: Journal
    loop: asyncio.AbstractEventLoop

    def recorded(self, session_id: str) -> list[Recorded]:
        """Gives what the journal has of a session."""

        async def read() -> list[Recorded]:
            return [recorded async for recorded in self.journal.episodes(session_id)]

        return asyncio.run_coroutine_threadsafe(read(), self.loop).result(timeout=60)

    def write(self) -> None:
        """Has all that was played written."""

        async def commit() -> None:
            self.committer.add(self.store.unwritten.take())
            await self.committer.commit()

        asyncio.run_coroutine_threadsafe(commit(), self.loop).result(timeout=60)

    def open(self, session_id: str) -> None:
        self.store.open(Opening(TASK, session_id), self.begin(session_id))

    def step(self, session_id: str, index: int, played: Played | None = None) -> bytes:
        """Plays a step; the journal has it when this returns."""
        query = Query(f"SELECT {index}")
        session, answer = self.store.play(session_id, index, query, False, played or self.begin(session_id))
        self.write()
        if session.lost is not None:
            raise session.lost
        return answer

    def begin(self, session_id: str) -> Played:
        played = self.store.begin("")
        self.store.recall((session_id,), played)
        return played


@pytest.fixture(scope="module")
def episodes() -> Episodes:
    return Episodes(TaskBank.default(), DatabasePool(Limits()), SqlReviewer(), BUILT_IN_PROFILES, ENCODING)


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def eager_threads() -> Iterator[None]:
    """Has threads take turns at every chance."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def replica(url: str, loop: asyncio.AbstractEventLoop, episodes: Episodes) -> Iterator[Callable[[], Replica]]:
    journals: list[Journal] = []

    async def make(owner_sessions: int) -> Replica:
        journals.append(await Journal.open(journal_url(url)))
        memory = JournalMemory(journals[-1], loop)
        store = SessionStore(
            episodes, memory, max_sessions=100, owner_sessions=owner_sessions, idle_seconds=900.0
        )
        return Replica(store, Committer(journals[-1], store.lose), journals[-1], loop)

    def on_loop(work: object) -> Future:
        return asyncio.run_coroutine_threadsafe(work, loop)

    yield lambda owner_sessions=100: on_loop(make(owner_sessions)).result()
    for journal in journals:
        on_loop(journal.close()).result()


def test_a_session_that_is_lost_in_the_middle_of_a_frame_comes_back_within_it(
    replica: Callable[[], Replica],
) -> None:
    one = replica()
    one.open("s")
    one.step("s", 1)
    played = one.begin("s")
    one.store.evict(one.store.find("s", played))  # as when the journal fails for another frame
    one.step("s", 2, played)
    with pytest.raises(Refusal) as caught:
        one.step("nobody", 1)
    assert caught.value.reason is Reason.UNKNOWN_SESSION


def test_a_session_for_which_there_is_no_room_is_refused_by_itself(
    replica: Callable[..., Replica],
) -> None:
    one = replica(owner_sessions=2)
    for session_id in ("old", "new"):
        one.open(session_id)
        one.step(session_id, 1)
    one.store.evict(one.store.find("old", one.begin("old")))  # as when the server was started anew
    one.open("other")
    played = one.store.begin("")
    one.store.recall(("new", "old", "other"), played)
    one.step("new", 2, played)
    with pytest.raises(Refusal) as caught:
        one.step("old", 2, played)
    assert caught.value.reason is Reason.TOO_MANY_SESSIONS
    with pytest.raises(Refusal) as caught:
        one.store.open(Opening(TASK, "old"), played)
    assert caught.value.reason is Reason.TOO_MANY_SESSIONS
    one.store.close("new", played)
    one.step("old", 2, played)  # the frame has made room itself
    assert [len(recorded.steps) for recorded in one.recorded("old")] == [2]


def test_a_session_for_which_there_is_no_room_can_be_closed(replica: Callable[..., Replica]) -> None:
    one = replica(owner_sessions=1)
    one.open("old")
    one.step("old", 1)
    one.store.evict(one.store.find("old", one.begin("old")))
    one.open("new")
    played = one.begin("old")
    assert one.store.close("old", played) is None
    assert one.store.close("old", played) is None
    one.write()
    assert [Status(recorded.episode.status) for recorded in one.recorded("old")] == [Status.CLOSED]
    with pytest.raises(Refusal) as caught:
        one.store.find("old", one.begin("old"))
    assert caught.value.reason is Reason.SESSION_CLOSED


def test_a_session_of_another_caller_is_not_brought_back(replica: Callable[..., Replica]) -> None:
    one = replica(owner_sessions=1)
    one.store.open(Opening(TASK, "hers"), one.store.begin("her"))
    one.write()
    one.store.evict(one.store.find("hers", one.store.begin("her")))
    his = one.store.begin("him")
    one.store.recall(("hers",), his)
    with pytest.raises(Refusal) as caught:
        one.store.find("hers", his)
    assert caught.value.reason is Reason.UNKNOWN_SESSION
    with pytest.raises(Refusal) as caught:
        one.store.close("hers", his)
    assert caught.value.reason is Reason.UNKNOWN_SESSION
    with pytest.raises(Refusal) as caught:
        one.store.open(Opening(TASK, "hers"), his)
    assert caught.value.reason is Reason.SESSION_TAKEN
    assert len(one.store) == 0
    hers = one.store.begin("her")
    one.store.recall(("hers",), hers)
    assert one.store.find("hers", hers).session_id == "hers"


def test_who_sees_all_begins_anew_in_the_owners_name(replica: Callable[..., Replica]) -> None:
    one = replica(owner_sessions=1)
    one.store.open(Opening(TASK, "hers"), one.store.begin("her"))
    admin = one.store.begin("admin", sees_all=True)
    one.store.open(Opening(TASK, "own"), admin)
    one.store.open(Opening(TASK, "hers"), admin)
    assert one.store.find("hers", one.store.begin("her")).record.generation == 2
    with pytest.raises(Refusal) as caught:
        one.store.open(Opening(TASK, "another"), admin)
    assert caught.value.reason is Reason.TOO_MANY_SESSIONS


def test_a_server_that_saw_a_session_idle_does_not_end_it_for_the_one_that_plays_it(
    replica: Callable[[], Replica], url: str
) -> None:
    if "postgresql" not in url:
        pytest.skip("a file has one server")
    one, other = replica(), replica()
    one.open("s")
    one.step("s", 1)
    other.store.find("s", other.begin("s")).last_used -= 1000.0
    one.step("s", 2)
    assert other.store.expire(other.store.begin("")) == 1
    other.write()
    one.step("s", 3)
    other.step("s", 4)


def test_what_was_done_with_a_session_since_the_journal_was_asked_counts(
    replica: Callable[[], Replica], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "postgresql" in url:
        pytest.skip("what other servers did counts as well")
    before = replica()
    before.open("s")
    before.step("s", 1)
    one = replica()
    find = JournalMemory.find

    def find_slowly(memory: JournalMemory, session_ids: Sequence[str]) -> dict[str, Recorded]:
        found = find(memory, session_ids)
        monkeypatch.setattr(JournalMemory, "find", find)
        one.store.close("s", one.begin("s"))
        return found

    monkeypatch.setattr(JournalMemory, "find", find_slowly)
    one.begin("s")
    with pytest.raises(Refusal) as caught:
        one.step("s", 2)
    assert caught.value.reason is Reason.SESSION_CLOSED


def test_an_idle_session_expires_but_not_while_it_is_being_played(replica: Callable[[], Replica]) -> None:
    one = replica()
    one.open("s")
    session = one.store.find("s", one.begin("s"))
    session.last_used -= 1000.0
    with session.lock:
        assert one.store.expire(one.store.begin("")) == 0
    assert one.store.expire(one.store.begin("")) == 1
    with pytest.raises(Refusal) as caught:
        one.step("s", 1)
    assert caught.value.reason is Reason.SESSION_EXPIRED


def test_a_session_that_many_begin_anew_at_once_has_one_episode_after_the_other(
    replica: Callable[[], Replica], eager_threads: None
) -> None:
    one = replica()
    one.open("s")
    at_once = threading.Barrier(8)

    def begin_anew() -> None:
        for _ in range(20):
            at_once.wait(timeout=60)
            one.open("s")

    with ThreadPoolExecutor(8) as threads:
        for each in [threads.submit(begin_anew) for _ in range(8)]:
            each.result(timeout=120)
    one.write()
    assert not one.committer.lost
    one.step("s", 1)
    kept = [recorded.episode for recorded in one.recorded("s")]
    assert sorted((each.generation, each.status) for each in kept) == [
        *((number, Status.REPLACED) for number in range(1, 161)),
        (161, Status.LIVE),
    ]


@pytest.mark.parametrize("ended", [Status.CLOSED, Status.EXPIRED])
def test_an_end_that_could_not_be_written_is_made_again(
    replica: Callable[[], Replica], ended: Status
) -> None:
    one = replica()
    one.open("s")
    one.step("s", 1)
    session = one.store.find("s", one.begin("s"))
    if ended is Status.CLOSED:
        assert one.store.close("s", one.begin("s")) is session
    else:
        session.last_used -= 1000.0
        assert one.store.expire(one.store.begin("")) == 1
    one.store.unwritten.take()  # and the journal fails
    one.store.lose([session.number], Refusal(Reason.JOURNAL_UNAVAILABLE, "full", hint=""))
    one.step("s", 2)
    assert one.store.close("s", one.begin("s")) is not None
    one.write()
    (kept,) = one.recorded("s")
    assert kept.episode.status == Status.CLOSED


def test_a_replay_gives_statements_more_time_than_they_had(
    replica: Callable[[], Replica],
) -> None:
    one = replica()
    one.open("s")
    slow = Query(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) "
        "SELECT max(i) FROM n"
    )
    _, answer = one.store.play("s", 1, slow, False, one.begin("s"))
    one.write()
    hurried = Episodes(
        TaskBank.default(),
        DatabasePool(Limits(deadline_seconds=0.02)),
        SqlReviewer(),
        BUILT_IN_PROFILES,
        ENCODING,
    )
    session = hurried.replay(one.recorded("s")[0])
    assert session.answered[0].answer == answer
    late = session.episode.step(session.state, slow).observation.error
    assert late is not None
    assert late.kind is ErrorKind.TIMEOUT
