from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqldojo.service.core.action import Answer, Query, Unparsed
from sqldojo.service.sessions.journal.engine import JournalError, journal_url, sole_writer
from sqldojo.service.sessions.journal.journal import Journal
from sqldojo.service.sessions.journal.records import (
    Batch,
    Ending,
    EpisodeRecord,
    Status,
    StepRecord,
    kind_number,
    new_episode_id,
    signed,
)


def episode(session_id: str = "one", generation: int = 1, **other: object) -> EpisodeRecord:
    record = EpisodeRecord(
        new_episode_id(), session_id, generation, "task", "sqlenv", signed(7), 15, "", "", "bank", 100.0, b"d"
    )
    return record._replace(**other)


def step(of: EpisodeRecord, index: int, text: str = "SELECT 1", **other: object) -> StepRecord:
    record = StepRecord(
        of.episode_id,
        index,
        kind_number(Query(text)),
        text.encode("utf-8", "surrogatepass"),
        False,
        0.5,
        b"r",
        0,
        b"d",
        None,
        200.0,
    )
    return record._replace(**other)


def with_journal(url: str, work: Callable[[Journal], Awaitable[None]]) -> None:
    async def run() -> None:
        journal = await Journal.open(journal_url(url))
        try:
            await work(journal)
        finally:
            await journal.close()

    asyncio.run(run())


def test_what_is_written_comes_back(url: str) -> None:
    first, second = episode(), episode("two")
    steps = [
        step(first, 1, "SELECT 'ü\0\ud800'"),
        step(first, 2, "NULL", kind=kind_number(Answer("")), reviewed=True, cut_short="0 TIMEOUT too slow"),
    ]

    async def work(journal: Journal) -> None:
        assert await journal.write(Batch([first, second], steps)) == frozenset()
        found = await journal.find(["one", "nobody", "two"])
        assert found.keys() == {"one", "two"}
        assert found["one"].episode == first
        assert list(found["one"].steps) == steps
        assert [each.action for each in found["one"].steps] == [Query("SELECT 'ü\0\ud800'"), Answer("NULL")]
        assert found["two"].steps == ()
        assert await journal.head("one") == (first.episode_id, Status.LIVE, 2)
        assert await journal.head("nobody") is None
        assert [each async for each in journal.episodes()] == sorted(
            found.values(), key=lambda each: each.episode.episode_id
        )
        assert [each async for each in journal.episodes("two")] == [found["two"]]
        assert await journal.count() == 2

    with_journal(url, work)


@given(st.integers(0, 2**64 - 1))
def test_every_seed_keeps_its_64_bits(seed: int) -> None:
    record = episode()._replace(signed_seed=signed(seed))
    assert -(2**63) <= record.signed_seed < 2**63
    assert record.seed == seed


def test_the_newest_generation_is_the_sessions(url: str) -> None:
    old, new = episode(), episode(generation=2)

    async def work(journal: Journal) -> None:
        await journal.write(Batch([old], [step(old, 1)]))
        await journal.write(Batch([new], [], [Ending(old.episode_id, Status.REPLACED, 300.0)]))
        found = await journal.find(["one"])
        assert found["one"].episode == new
        everything = [each.episode async for each in journal.episodes()]
        assert [Status(each.status) for each in everything] == [Status.REPLACED, Status.LIVE]
        assert everything[0].ended_at == 300.0

    with_journal(url, work)


def test_of_two_writers_of_one_step_the_second_loses_that_episode_alone(url: str) -> None:
    mine, other = episode(), episode("two")

    async def work(journal: Journal) -> None:
        await journal.write(Batch([mine, other], [step(mine, 1)]))
        late = Batch(steps=[step(mine, 1, "SELECT 2"), step(mine, 2), step(other, 1)])
        assert await journal.write(late) == {mine.episode_id}
        found = await journal.find(["one", "two"])
        assert [each.action for each in found["one"].steps] == [Query("SELECT 1")]
        assert len(found["two"].steps) == 1

    with_journal(url, work)


def test_of_two_resets_of_one_session_the_second_loses(url: str) -> None:
    first, second = episode(), episode()

    async def work(journal: Journal) -> None:
        assert await journal.write(Batch([first])) == frozenset()
        assert await journal.write(Batch([second], [step(second, 1)])) == {second.episode_id}
        assert (await journal.find(["one"]))["one"].episode == first

    with_journal(url, work)


def test_no_step_goes_into_an_episode_that_another_server_ended(shared_url: str) -> None:
    mine, other = episode(), episode("two")

    async def work(journal: Journal) -> None:
        await journal.write(Batch([mine, other]))
        await journal.write(Batch(ended=[Ending(mine.episode_id, Status.CLOSED, 1.0)]))
        assert await journal.write(Batch(steps=[step(mine, 1), step(other, 1)])) == {mine.episode_id}
        assert await journal.head("two") == (other.episode_id, Status.LIVE, 1)

    with_journal(shared_url, work)


def test_an_episode_that_another_server_plays_on_is_not_ended_by_one_that_saw_it_idle(url: str) -> None:
    mine, other = episode(), episode("two")

    async def work(journal: Journal) -> None:
        await journal.write(Batch([mine, other], [step(mine, 1), step(mine, 2), step(other, 1)]))
        endings = [Ending(each.episode_id, Status.EXPIRED, 1.0, known_steps=1) for each in (mine, other)]
        assert await journal.write(Batch(ended=endings)) == frozenset()
        assert await journal.head("one") == (mine.episode_id, Status.LIVE, 2)
        assert await journal.head("two") == (other.episode_id, Status.EXPIRED, 1)

    with_journal(url, work)


def test_of_two_servers_that_end_an_episode_the_one_that_begins_anew_wins(shared_url: str) -> None:
    first, second = episode("ended twice"), episode("ended twice", 2)

    async def work(journal: Journal) -> None:
        await journal.write(Batch([first]))
        await journal.write(Batch([second], [], [Ending(first.episode_id, Status.REPLACED, 1.0)]))
        late = Batch(ended=[Ending(first.episode_id, Status.CLOSED, 2.0)])
        assert await journal.write(late) == {first.episode_id}
        assert await journal.head("ended twice") == (second.episode_id, Status.LIVE, 0)

    with_journal(shared_url, work)


def test_pruning_keeps_what_is_young(url: str) -> None:
    old, played_on, ended = episode("old"), episode("played on"), episode("ended")
    young = episode("young", opened_at=1000.0)

    async def work(journal: Journal) -> None:
        await journal.write(
            Batch(
                [old, played_on, ended, young],
                [step(old, 1), step(played_on, 1, played_at=900.0)],
                [Ending(ended.episode_id, Status.CLOSED, 950.0)],
            )
        )
        assert await journal.prune(800.0) == 1
        assert {each.episode.session_id async for each in journal.episodes()} == {
            "played on",
            "ended",
            "young",
        }
        assert await journal.prune(2000.0) == 3
        assert await journal.count() == 0

    with_journal(url, work)


def test_a_journal_of_thousands_is_read_in_parts(url: str) -> None:
    records = [episode(f"s{number}") for number in range(1200)]

    async def work(journal: Journal) -> None:
        await journal.write(Batch(list(records), [step(record, 1) for record in records]))
        assert [each.episode async for each in journal.episodes()] == sorted(records)
        found = await journal.find([record.session_id for record in records])
        assert len(found) == 1200
        assert all(len(each.steps) == 1 for each in found.values())

    with_journal(url, work)


def test_ids_grow_and_differ_whatever_the_clock_does(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [new_episode_id() for _ in range(100_000)]
    monkeypatch.setattr(time, "time_ns", lambda: 0)  # the clock was set back
    ids += [new_episode_id() for _ in range(100)]
    assert all(0 < number < 2**63 for number in ids)
    assert all(one < next_one for one, next_one in itertools.pairwise(ids))


@pytest.mark.parametrize("text", ["mysql://u:p@h/d", "oracle://x", "nonsense://", "://"])
def test_another_database_is_refused(text: str) -> None:
    with pytest.raises(JournalError, match="postgresql"):
        journal_url(text)


def test_a_file_has_one_writer(tmp_path: object) -> None:
    url = journal_url(f"{tmp_path}/j.sqlite")
    with sole_writer(url), pytest.raises(JournalError, match="another server"), sole_writer(url):
        pass
    with sole_writer(url):
        pass


def test_an_unparsed_reply_is_kept_whole() -> None:
    record = step(episode(), 1, "I think \0 …", kind=kind_number(Unparsed("")))
    assert record.action == Unparsed("I think \0 …")
