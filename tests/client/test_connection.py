from __future__ import annotations

import asyncio
import contextlib
import copy
import pickle
import re
import socket
from importlib.metadata import version

import grpc
import pytest

from sqldojo.client import (
    Baseline,
    BenchmarkProgress,
    BenchmarkResult,
    DojoError,
    EpisodeSpec,
    ErrorReason,
    Split,
    TaskKind,
    connect,
    connect_sync,
)
from sqldojo.client.retry import Backoff


def test_tasks_come_whole_and_filtered(dojo):
    tasks = dojo.tasks()
    assert len({task.task_id for task in tasks}) == len(tasks) >= 120
    assert all(task.gold is None for task in tasks)
    for kind in TaskKind:
        assert dojo.tasks(kind=kind) == [task for task in tasks if task.kind is kind]
    one = tasks[0]
    assert dojo.tasks(
        kind=one.kind,
        split=one.split,
        difficulty=one.difficulty,
        database=one.database_id,
        family=one.family,
    ) == [
        task
        for task in tasks
        if (task.kind, task.split, task.difficulty, task.database_id, task.family)
        == (one.kind, one.split, one.difficulty, one.database_id, one.family)
    ]
    assert dojo.task(one.task_id) == one


def test_listings_go_over_pages(dojo, monkeypatch):
    tasks = dojo.tasks()
    monkeypatch.setattr("sqldojo.client.connection._PAGE_SIZE", 7)
    assert dojo.tasks() == tasks


def test_gold_is_for_the_oracle(dojo):
    task = dojo.tasks(gold=True)[0]
    assert task.gold.sql
    assert dojo.task(task.task_id, gold=True) == task
    with connect_sync(dojo.address) as ordinary:
        assert ordinary.task(task.task_id).gold is None
        for ask in (lambda: ordinary.tasks(gold=True), lambda: ordinary.task(task.task_id, gold=True)):
            with pytest.raises(DojoError) as caught:
                ask()
            assert caught.value.reason is ErrorReason.ORACLE_SCOPE_REQUIRED


def test_databases(dojo):
    databases = dojo.databases()
    assert len(databases) >= 4
    assert all(database.tables == () and database.task_count > 0 for database in databases)
    assert sum(database.task_count for database in databases) == len(dojo.tasks())
    one = dojo.database(databases[0].database_id)
    assert one.title == databases[0].title
    assert any(column.references for table in one.tables for column in table.columns)
    with pytest.raises(DojoError) as caught:
        dojo.database("nowhere")
    assert caught.value.reason is ErrorReason.UNKNOWN_DATABASE


def test_the_bank_says_what_it_is_and_who_serves_it(dojo):
    bank = dojo.bank()
    assert re.fullmatch("[0-9a-f]{64}", bank.digest)
    assert bank.server_version == version("sqldojo")
    assert list(bank.databases) == dojo.databases()


def test_a_benchmark_tells_its_progress_and_then_its_result(dojo):
    *progress, result = dojo.benchmark(
        Baseline.ORACLE, episodes=12, seed=3, kind=TaskKind.EXPLORE, split=Split.TRAIN
    )
    assert isinstance(result, BenchmarkResult)
    assert (result.episodes, result.success_rate) == (12, 1.0)
    assert progress
    assert all(
        isinstance(message, BenchmarkProgress) and message.episodes_total == 12 for message in progress
    )
    with pytest.raises(DojoError) as caught:
        list(dojo.benchmark(Baseline.RANDOM, episodes=0))
    assert caught.value.field == "episodes"


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"token": "x"}, "token and tls need an address"),
        ({"address": "127.0.0.1:1", "oracle": True}, "needs a token with the oracle scope"),
    ],
)
def test_what_makes_no_sense_is_refused(how, why):
    async def enter():
        async with connect(**how):
            pytest.fail("it connected")

    with pytest.raises(ValueError, match=why):
        asyncio.run(enter())
    with pytest.raises(ValueError, match=why):
        connect_sync(**how)


def test_a_server_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr("sqldojo.client.channel.BACKOFF", Backoff(tries=2, first=0.001))
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with (
            connect_sync(address) as dojo,
            pytest.raises(DojoError, match=f"Is a sqldojo server running at {address}"),
        ):
            dojo.databases()


def test_what_is_asked_for_after_leaving_is_refused(dojo, explore_tasks):
    async def check():
        async with connect(dojo.address) as mine:
            batch = mine.batch()
        asked = (
            mine.tasks(),
            mine.open_session(EpisodeSpec(explore_tasks[0].task_id)),
            anext(mine.rollouts([explore_tasks[0].task_id], None)),
            anext(mine.benchmark(Baseline.RANDOM, episodes=1)),
        )
        for each in asked:
            with pytest.raises(DojoError, match="the connection was closed"):
                await each
        (opened,) = await batch.reset([explore_tasks[0].task_id])
        assert "was closed" in str(opened)

    asyncio.run(check())


def test_what_is_under_way_when_the_connection_is_left_fails_by_name():
    """And does not look as if its user had cancelled it, which a TaskGroup keeps to itself."""

    async def check():
        async with silent_server() as (address, asked):
            async with connect(address) as mine:
                asking = asyncio.create_task(mine.bank())
                await asked.wait()
            with pytest.raises(DojoError, match="the connection was closed"):
                await asking

    asyncio.run(asyncio.wait_for(check(), 60))


@contextlib.asynccontextmanager
async def silent_server():
    """Takes connections and never says a word; gives its address, and an event for the first one."""
    asked = asyncio.Event()

    async def hold(reader, writer):
        asked.set()
        while await reader.read(65536):
            pass
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


def test_a_session_that_is_cancelled_is_left_within_seconds(monkeypatch):
    monkeypatch.setattr("sqldojo.client.session.CLOSE_SECONDS", 0.1)

    async def check():
        async with silent_server() as (address, asked), connect(address) as mine:
            opening = asyncio.create_task(mine.open_session(EpisodeSpec("t")))
            await asked.wait()
            opening.cancel()
            with pytest.raises(asyncio.CancelledError):
                await opening

    asyncio.run(asyncio.wait_for(check(), 30))


@pytest.mark.parametrize(
    "address", ["localhost", "http://127.0.0.1:50051", "", "127.0.0.1:", ":50051", "a b:1"]
)
def test_what_is_no_address_is_refused_at_once(address):
    with pytest.raises(ValueError, match="is no address of a server: give host:port"):
        connect_sync(address)


def test_a_request_that_is_too_large_is_refused_in_our_words(dojo, explore_tasks):
    with dojo.session(explore_tasks[0].task_id) as session:
        with pytest.raises(DojoError, match=r"the request has 17\d+ bytes; at most 16777216 can be sent"):
            session.query("x" * 17_000_000)
        assert session.query("SELECT 1").step_index == 1


def test_an_error_can_be_pickled_and_copied():
    error = DojoError(
        "no", grpc.StatusCode.OUT_OF_RANGE, reason=ErrorReason.STEP_GAP, field="f", expected_step_index=3
    )
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert (str(again), again.args, vars(again)) == (str(error), error.args, vars(error))
